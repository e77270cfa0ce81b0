"""Every solution, put in the place of its stub, passes its check in a real run.

A lesson that must hold on two lanes, and with any model, shows that here: its stored outputs come
from one lane and the offline model, its solutions are tried on the other and with a model that is
reached over HTTP and has words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_model import model
from tests.notebooks.execute import execute, keep
from tests.notebooks.lessons import exercises, lane_of, lesson_paths, other_lane_of, read
from tests.server.openai_endpoint import reworded, serve

MARKS = {"embedded": pytest.mark.server, "open": pytest.mark.docker}
LANES = {path: other_lane_of(read(path)) or lane_of(read(path)) for path in lesson_paths()}
LESSONS = [pytest.param(p, lane, marks=MARKS[lane], id=p.name) for p, lane in LANES.items()]


@pytest.fixture
def another_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the graph ask for its answers as it asks a provider."""
    monkeypatch.setattr(model, "_answer", reworded(model._answer))
    with serve() as (url, endpoint):
        monkeypatch.setenv("TASK_MAISTRO_MODEL", "openai:any-name")
        monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-our-own-endpoint")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        yield
    assert endpoint.requests


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("path", "lane"), LESSONS)
def test_the_solutions_pass_their_checks(
    path: Path, lane: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    notebook = read(path)
    if other_lane_of(notebook):
        monkeypatch.setenv("LANE", lane)
        request.getfixturevalue("another_model")
    found = exercises(notebook)
    for exercise in found:
        notebook.cells[exercise.stub].source = exercise.solution
    try:
        execute(notebook, path.parent)
    finally:
        keep(notebook, f"{path.stem}.solved.ipynb")
    for exercise in found:
        outputs = str(notebook.cells[exercise.check].outputs)
        assert "Solved" in outputs, outputs
