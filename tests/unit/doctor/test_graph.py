"""Importing a deployment's graph: what fails, hangs or is no graph is said in a sentence."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from langgraph.graph import StateGraph

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import Finding
from course_helpers.core.settings import DEPLOYMENT
from course_helpers.doctor._graph_child import problem_of
from course_helpers.doctor.deployment import config_findings
from course_helpers.doctor.graph import graph_import
from task_maistro import graph
from tests.unit.doctor.deployment_backend import GRAPH, write


def imported(folder: Path, limit: float = 30) -> Finding:
    """Return the finding about the import of the only graph."""
    found = config_findings(folder, load=True, limit=limit)[-1]
    assert found.name == "Import of task_maistro"
    return found


def test_a_graph_that_imports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    model = folder / "offline_model"
    shutil.copytree(DEPLOYMENT / model.name, model, ignore=shutil.ignore_patterns("__pycache__"))
    assert imported(folder).detail == "graph is a CompiledStateGraph"
    assert not list(folder.rglob("__pycache__"))


def test_a_graph_that_raises_on_import(folder: Path) -> None:
    write(folder, "tools.py", "def boom():\n    raise ValueError('no\\nkey <b>')\n")
    write(folder, GRAPH, "print('hello', end='')\nfrom tools import boom\ngraph = boom()\n")
    finding = imported(folder)
    assert not finding.ok
    assert finding.detail == "ValueError: no key <b> (tools.py, line 2)"
    assert finding.fix.startswith("edit ./task_maistro.py; to see all of it: python ")


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("import not_installed\ngraph = 1", "ModuleNotFoundError: No module named 'not_installed'"),
        ("import lanes\ngraph = 1", "ModuleNotFoundError: No module named 'lanes'"),  # one of ours
        ("from os import *", "AttributeError: module 'task_maistro' has no attribute 'graph'"),
        ("graph = 1\nraise SystemExit('no')", "SystemExit: no (task_maistro.py, line 2)"),
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\ngraph = x",
            "NameError: name 'x' is not defined",
        ),
        ("import os\ngraph = 1\nos._exit(7)", "the import ended the process (exit code 7)"),
    ],
)
def test_imports_that_fail(folder: Path, source: str, detail: str) -> None:
    write(folder, GRAPH, source)
    finding = imported(folder, limit=10)
    assert not finding.ok
    assert detail in finding.detail


def test_what_the_server_can_serve() -> None:
    assert problem_of({}, "graph") == "graph is of type dict, not a graph"
    for good in (StateGraph(dict), graph, lambda: graph):
        assert problem_of(good, "graph") == ""


def test_an_import_that_hangs_is_ended(folder: Path) -> None:
    write(folder, GRAPH, "import time\ngraph = 1\ntime.sleep(60)\n")
    started = time.monotonic()
    finding = imported(folder, limit=0.3)
    assert time.monotonic() - started < 5
    assert finding.detail == "the import did not end within 0.3 s"
    assert "move slow work" in finding.fix


def test_a_graph_that_looks_wrong_is_not_imported(folder: Path) -> None:
    write(folder, GRAPH, f"open({str(folder / 'ran')!r}, 'w')")
    assert config_findings(folder, load=True)[-1].name == ".dockerignore"
    assert not (folder / "ran").exists()


def test_an_import_sees_the_settings_and_the_folders(folder: Path) -> None:
    (folder / "lib").mkdir()
    write(folder, "lib/mine.py", "")
    write(folder, ".env", "COLOUR=blue\n")
    write(folder, GRAPH, "import os, mine\nassert False, os.environ['COLOUR']\n")
    with pytest.raises(CourseError, match="AssertionError: blue"):
        graph_import(folder, f"./{GRAPH}:graph", ["./lib"], folder / ".env")
