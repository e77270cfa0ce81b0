"""A lesson that must hold on two lanes, and with any model, shows that here.

Its stored outputs come from one lane and the offline model. Here it runs on the other, with its
exercises solved, and with a model that is reached over HTTP and has words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_model import model
from tests.notebooks.execute import execute, keep
from tests.notebooks.lessons import exercises, lesson_paths, other_lane_of, read
from tests.server.openai_endpoint import reworded, serve

LANES = {path: other_lane_of(read(path)) for path in lesson_paths()}
LESSONS = [pytest.param(path, lane, id=path.name) for path, lane in LANES.items() if lane]


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


@pytest.mark.server
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("path", "lane"), LESSONS)
@pytest.mark.usefixtures("another_model")
def test_it_holds_on_its_other_lane(path: Path, lane: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANE", lane)
    notebook = read(path)
    found = exercises(notebook)
    for exercise in found:
        notebook.cells[exercise.stub].source = exercise.solution
    try:
        execute(notebook, path.parent)
    finally:
        keep(notebook, f"{path.stem}.{lane}.ipynb")
    for exercise in found:
        outputs = str(notebook.cells[exercise.check].outputs)
        assert "Solved" in outputs, outputs
