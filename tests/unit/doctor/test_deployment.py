"""The config checker: the course's own deployment is right, and every fault is found by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_helpers.core.findings import Finding
from course_helpers.doctor.deployment import config_findings
from tests.unit.doctor.deployment_backend import GRAPH, write

ALL = [
    "langgraph.json",
    "langgraph validate",
    "Python version",
    "Graph task_maistro",
    "Dependency .",
    "requirements.txt",
    "Settings file",
    ".dockerignore",
]


def configure(folder: Path, **changes: Any) -> None:
    """Change entries of `langgraph.json`; None removes one."""
    path = folder / "langgraph.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


def wrong(findings: list[Finding]) -> dict[str, str]:
    """Return what was found wrong, by name, after making sure that it says what to do."""
    assert all(finding.fix for finding in findings if not finding.ok)
    return {finding.name: finding.detail for finding in findings if not finding.ok}


def test_the_courses_own_deployment_is_right(folder: Path) -> None:
    found = config_findings(folder)
    assert [finding.name for finding in found] == ALL
    assert wrong(found) == {}
    assert config_findings(str(folder)) == found


Break = Callable[[Path], object]


@pytest.mark.parametrize(
    ("break_it", "detail"),
    [
        (lambda f: (f / "langgraph.json").unlink(), "langgraph.json is not there"),
        (lambda f: write(f, "langgraph.json", ""), "line 1, column 1: Expecting value"),
        (lambda f: write(f, "langgraph.json", '{\n  "graphs": {},\n}'), "line 3, column 1"),
        (lambda f: (f / "langgraph.json").write_bytes(b"\xff\xfe"), "cannot be read"),
        (lambda f: write(f, "langgraph.json", "[" * 100_000), "cannot be read"),
        (lambda f: write(f, "langgraph.json", "[]"), "it holds a list, not an object"),
        (lambda f: write(f, "langgraph.json", "null"), "it holds null"),
        (lambda f: configure(f, graphs=["./task_maistro.py:graph"]), '"graphs" is a list'),
        (lambda f: configure(f, graphs={"a": 1}), "the graph 'a' is a number"),
        (lambda f: configure(f, graphs={"a": {"file": "x"}}), "the graph 'a' is an object"),
        (lambda f: configure(f, dependencies="."), '"dependencies" is a text'),
        (lambda f: configure(f, dependencies=[[]]), '"dependencies" holds a list'),
        (lambda f: configure(f, python_version=3.13), '"python_version" is a number'),
        (lambda f: configure(f, env=True), '"env" is a truth value'),
    ],
)
def test_a_corrupt_configuration(folder: Path, break_it: Break, detail: str) -> None:
    break_it(folder)
    (finding,) = config_findings(folder)
    assert finding.name == "langgraph.json"
    assert detail in finding.detail
    assert not finding.ok
    assert finding.fix


@pytest.mark.parametrize(
    ("break_it", "name", "detail"),
    [
        (
            lambda f: configure(f, graph={}),
            "langgraph.json",
            "Unknown key 'graph' — did you mean 'graphs'?",
        ),
        (lambda f: configure(f, graphs={}), "langgraph validate", "No graphs found in config"),
        (
            lambda f: configure(f, http={"app": "app.py"}),
            "langgraph validate",
            "Invalid http.app format",
        ),
        (lambda f: configure(f, http=5), "langgraph validate", "the check itself broke: TypeError"),
        (lambda f: configure(f, python_version="3.99"), "Python version", "'3.99' is none of 3.11"),
        (
            lambda f: (f / GRAPH).rename(f / "agent.py"),
            "Graph task_maistro",
            "./task_maistro.py is not there",
        ),
        (
            lambda f: configure(f, graphs={"task_maistro": "./task_maistro.py:agent"}),
            "Graph task_maistro",
            "defines no agent; it defines ",
        ),
        (
            lambda f: configure(f, graphs={"task_maistro": "./task_maistro.py"}),
            "Graph task_maistro",
            "not of the form path:variable",
        ),
        (
            lambda f: configure(f, graphs={"task_maistro": "task_maistro.py:graph"}),
            "Graph task_maistro",
            "the server takes it for a module",
        ),
        (
            lambda f: write(f, GRAPH, "x = 1\ndef f(:\n"),
            "Graph task_maistro",
            "./task_maistro.py, line 2: invalid syntax",
        ),
        (
            lambda f: write(f, GRAPH, "graph = 1\nreturn graph"),
            "Graph task_maistro",
            "line 2: 'return' outside function",
        ),
        (
            lambda f: (f / GRAPH).write_bytes(b"\xff"),
            "Graph task_maistro",
            "can't decode byte",
        ),
        (
            lambda f: write(f, GRAPH, "def f():\n    graph = 1\n    return graph\n"),
            "Graph task_maistro",
            "defines no graph; it defines f",
        ),
        (
            lambda f: write(f, GRAPH, "print(graph)"),
            "Graph task_maistro",
            "it defines nothing",
        ),
        (
            lambda f: (
                write(f.parent, "outer.py", "graph = 1")
                or configure(f, graphs={"outer": "../outer.py:graph"})
            ),
            "Graph outer",
            "lies in no folder of dependencies",
        ),
        (lambda f: (f / ".env").unlink(), "Settings file", ".env is not there"),
        (lambda f: configure(f, env="keys.env"), "Settings file", "keys.env is not there"),
        (
            lambda f: configure(f, dependencies=[".", "./lib"]),
            "Dependency ./lib",
            "there is no folder ./lib",
        ),
        (
            lambda f: (f / "requirements.txt").unlink(),
            "Dependency .",
            "it has none of pyproject.toml, setup.py, requirements.txt",
        ),
        (
            lambda f: configure(f, dependencies=[".", "lang chain"]),
            "Dependency lang chain",
            "'lang chain' is not a requirement",
        ),
        (
            lambda f: write(f, "requirements.txt", "httpx\nlangchain=>1\n"),
            "requirements.txt",
            "requirements.txt, line 2: 'langchain=>1' is not a requirement",
        ),
        (
            lambda f: write(f, ".dockerignore", "__pycache__/\n.env.*\n"),
            ".dockerignore",
            "it does not name .env and .langgraph_api",
        ),
        (lambda f: (f / ".dockerignore").unlink(), ".dockerignore", "it is not there"),
    ],
)
def test_each_fault_is_found_and_no_other(
    folder: Path, break_it: Break, name: str, detail: str
) -> None:
    break_it(folder)
    found = wrong(config_findings(folder))
    assert list(found) == [name]
    assert detail in found[name]


def test_what_langgraph_validate_calls_valid(folder: Path) -> None:
    configure(folder, graphs={"a": "./gone.py:graph", "b": f"./{GRAPH}:gone"}, env="gone.env")
    found = wrong(config_findings(folder))
    assert list(found) == ["Graph a", "Graph b", "Settings file"]


def test_what_langgraph_validate_finds_too(folder: Path) -> None:
    configure(folder, python_version="3.8.1", dependencies=[])
    found = wrong(config_findings(folder))
    assert "Invalid Python version format: 3.8.1" in found["langgraph validate"]
    assert list(found) == ["langgraph validate", "Python version", "Graph task_maistro"]


@pytest.mark.parametrize(
    "source",
    [
        "graph = 1",
        "graph: int = 1",
        "def graph(): ...",
        "async def graph(): ...",
        "class graph: ...",
        "from elsewhere import agent as graph",
        "a, (b, graph) = 1, (2, 3)",
        "if True:\n    graph = 1",
        "with open('x') as graph: ...",
        "print(graph := 1)",
        "from elsewhere import *",
        "\ufeffgraph = 1",
    ],
)
def test_every_way_to_define_the_variable(folder: Path, source: str) -> None:
    write(folder, GRAPH, source)
    assert wrong(config_findings(folder)) == {}


@pytest.mark.parametrize(
    ("changes", "name", "detail"),
    [
        ({"env": {"LANE": ""}}, "Settings file", "none is named; 1 variables in langgraph.json"),
        ({"env": None}, "Settings file", "none is named"),
        ({"python_version": None}, "Python version", "the image has 3.11"),
        ({"python_version": "3.12-bookworm"}, "Python version", "3.12-bookworm in the image"),
        ({"$schema": "https://langgra.ph/schema.json"}, "langgraph.json", "5 known keys"),
        ({"dependencies": [".", "httpx"]}, "Dependency httpx", "without an upper bound"),
        ({"dependencies": [".", "httpx<1"]}, "Dependency httpx<1", "a package"),
        ({"graphs": {"a": {"path": f"./{GRAPH}:graph"}}}, "Graph a", "defines graph"),
        ({"graphs": {"a": "my.agent:graph"}}, "Graph a", "only an import tells"),
        ({"graphs": {"a": "./agent.ts:graph"}}, "Graph a", "not Python"),
    ],
)
def test_other_right_configurations(
    folder: Path, changes: dict[str, Any], name: str, detail: str
) -> None:
    configure(folder, **changes)
    found = {finding.name: finding for finding in config_findings(folder)}
    assert [finding for finding in found.values() if not finding.ok] == []
    assert detail in found[name].detail


def test_a_folder_of_its_own_with_a_pyproject(folder: Path) -> None:
    (folder / "lib").mkdir()
    write(folder, "lib/pyproject.toml", "[project]\nname = 'lib'\nversion = '1'\n")
    configure(folder, dependencies=[".", "./lib"])
    found = {finding.name: finding.detail for finding in config_findings(folder)}
    assert found["Dependency ./lib"] == "a folder with pyproject.toml"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
keys = st.sampled_from(["graphs", "dependencies", "env", "python_version", "http", "store", "x"])


@given(config=st.dictionaries(keys, anything) | anything)
def test_no_json_breaks_the_checker(tmp_path_factory: pytest.TempPathFactory, config: Any) -> None:
    folder = tmp_path_factory.getbasetemp() / "anything"
    folder.mkdir(exist_ok=True)
    write(folder, "langgraph.json", json.dumps(config))
    assert wrong(config_findings(folder))
