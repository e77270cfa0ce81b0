"""Every solution, put in the place of its stub, passes its check in a real run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.execute import execute, keep
from tests.notebooks.lessons import exercises, lesson_paths, read


@pytest.mark.server
@pytest.mark.parametrize("path", lesson_paths(), ids=lambda path: path.name)
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
