"""Every solution, put in the place of its stub, passes its check in a real run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.execute import execute, keep
from tests.notebooks.lessons import exercises, lane_of, lesson_paths, read

MARKS = {"embedded": pytest.mark.server, "open": pytest.mark.docker}
LESSONS = [pytest.param(p, marks=MARKS[lane_of(read(p))], id=p.name) for p in lesson_paths()]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", LESSONS)
def test_the_solutions_pass_their_checks(path: Path) -> None:
    notebook = read(path)
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
