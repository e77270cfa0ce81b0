"""The engine's translation of what an image was built with, and the paths of a search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from course_helpers.core.settings import DEPLOYMENT
from course_helpers.images.names import ENGINE, PYTHON
from open_engine import AEGRA_VERSION
from open_engine.routes.paths import check_path, read_path
from open_engine.startup.configuration import aegra_config, aegra_environment, database_uri
from open_engine.startup.errors import EngineError

FOLDER = DEPLOYMENT / "engine"
THREAD = {"values": {"messages": [{"content": "Hi"}, {"content": "Bye"}]}, "metadata": {"a.b": 1}}


def test_versions_agree_everywhere() -> None:
    lock = (FOLDER / "requirements.txt").read_text()
    pin = f"aegra-api=={AEGRA_VERSION}\n"
    assert pin in lock
    assert pin in (FOLDER / "requirements.in").read_text()
    assert pin in (FOLDER / "constraints.txt").read_text()
    config = json.loads((DEPLOYMENT / "langgraph.json").read_text())
    assert config["python_version"] == PYTHON
    assert f"{ENGINE}:{PYTHON}" in (FOLDER / "Dockerfile").read_text()


def test_the_engine_and_the_notebooks_have_the_same_langgraph() -> None:
    ours = (DEPLOYMENT.parent / "requirements.txt").read_text().splitlines()
    engines = (FOLDER / "requirements.txt").read_text().splitlines()
    for name in ("langgraph", "langchain-core", "langgraph-checkpoint", "trustcall"):
        pin = next(line for line in ours if line.startswith(f"{name}=="))
        assert pin in engines


def test_graphs_and_sections_are_translated(tmp_path: Path) -> None:
    graph = tmp_path / "agent.py"
    graph.touch()
    environ = {
        "LANGSERVE_GRAPHS": json.dumps(
            {"a": f"{graph}:graph", "b": {"path": f"{graph}:make", "description": "B"}}
        ),
        "LANGGRAPH_STORE": '{"index": {"dims": 3}}',
        "LANGGRAPH_AUTH": "",
    }
    assert aegra_config(environ) == {
        "graphs": {"a": f"{graph}:graph", "b": {"path": f"{graph}:make", "description": "B"}},
        "store": {"index": {"dims": 3}},
    }


def test_a_graph_in_a_module_is_found_by_its_file() -> None:
    config = aegra_config({"LANGSERVE_GRAPHS": '{"a": "json.decoder:scanner"}'})
    assert config["graphs"]["a"].endswith("json/decoder.py:scanner")


@pytest.mark.parametrize(
    ("graphs", "said"),
    [
        ("", "is empty"),
        ("{}", "is empty"),
        ("{x", "is not JSON"),
        ("[1]", "must be a JSON object"),
        ('{"a": "b"}', "not FILE:VARIABLE"),
        ('{"a": "/b.py:"}', "not FILE:VARIABLE"),
        ('{"a": "/b.py:graph"}', "there is no file /b.py"),
        ('{"a": "no_such_module:graph"}', "there is no file no_such_module"),
        ('{"a": {}}', "not FILE:VARIABLE"),
    ],
)
def test_what_cannot_be_served_is_a_sentence_with_a_fix(graphs: str, said: str) -> None:
    with pytest.raises(EngineError, match=said) as caught:
        aegra_config({"LANGSERVE_GRAPHS": graphs})
    assert "To fix it: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_either_name_of_the_database_will_do() -> None:
    assert database_uri({"DATABASE_URI": "a", "POSTGRES_URI": "b"}) == "a"
    assert database_uri({"DATABASE_URI": "", "POSTGRES_URI": "b"}) == "b"
    environ = {"POSTGRES_URI": "postgresql://p", "REDIS_URI": "redis://r"}
    given = aegra_environment(environ, Path("/tmp/aegra.json"))
    assert given["DATABASE_URL"] == "postgresql://p"
    assert given["REDIS_URL"] == "redis://r"
    assert given["REDIS_BROKER_ENABLED"] == "true"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("values.messages[0].content", "Hi"),
        ("values.messages[-1].content", "Bye"),
        ("values.messages[7].content", None),
        ("values.messages.content", None),
        ("values.nothing.at.all", None),
        ("values[0]", None),
        ("metadata", {"a.b": 1}),
        ("interrupts", None),
    ],
)
def test_a_path_is_read(path: str, found: Any) -> None:
    assert read_path(THREAD, check_path(path)) == found


@pytest.mark.parametrize(
    "path", ["", "thread_id", "values.", "values[x]", "values..a", "__class__"]
)
def test_a_path_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="must be one of values, metadata"):
        check_path(path)
