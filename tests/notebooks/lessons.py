"""The lessons as the tests see them: which there are, their lane, exercises and solutions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_helpers.core.settings import LANES, ROOT

NOTEBOOKS = ROOT / "notebooks"
SANITIZE = Path(__file__).with_name("sanitize.cfg")
BUILD = ROOT / "build" / "notebooks"

_SOLUTION = re.compile(
    r"<details>\s*<summary>Solution</summary>\s*```python\n(.*?)```\s*</details>", re.S
)


@dataclass(frozen=True)
class Exercise:
    """A stub cell, the cell that checks it, and the solution given in between."""

    stub: int
    check: int
    solution: str


def notebook_paths() -> list[Path]:
    """Return every notebook of the course, in order."""
    return sorted(NOTEBOOKS.rglob("*.ipynb"))


def lesson_paths() -> list[Path]:
    """Return the notebooks that are lessons: their names begin with a number."""
    return [path for path in notebook_paths() if path.name[:2].isdecimal()]


def lessons_of(lane: str) -> list[Path]:
    """Return the lessons that declare a lane."""
    return [path for path in lesson_paths() if lane_of(read(path)) == lane]


def read(path: Path) -> NotebookNode:
    """Return a notebook as nbformat reads it."""
    return nbformat.read(path, as_version=4)


def lane_of(notebook: NotebookNode) -> str:
    """Return the lane that a notebook declares in its metadata: "none" if it has no code.

    Raises:
        ValueError: it declares another, or one that the course does not have.
    """
    lane = notebook.metadata.get("course", {}).get("lane")
    allowed = LANES if code_cells(notebook) else ("none",)
    if lane not in allowed:
        raise ValueError(f"metadata.course.lane is {lane!r}; write one of {', '.join(allowed)}")
    return str(lane)


def other_lane_of(notebook: NotebookNode) -> str | None:
    """Return the lane on which a notebook must hold too, by its own assertions; None if on none.

    Raises:
        ValueError: it is not a lane, or the one that its outputs come from.
    """
    other = notebook.metadata.get("course", {}).get("also")
    if other is not None and other not in set(LANES) - {lane_of(notebook)}:
        raise ValueError(f"metadata.course.also is {other!r}; name another lane of the course")
    return other


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that run."""
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """Return a notebook's exercises: a cell tagged `exercise`, its solution, one tagged `check`.

    Raises:
        ValueError: the three do not follow one another.
    """
    found = []
    for index, cell in enumerate(notebook.cells):
        if "exercise" not in cell.metadata.get("tags", []):
            continue
        solution: str | None = None
        for later in range(index + 1, len(notebook.cells)):
            cell = notebook.cells[later]
            if match := _SOLUTION.search(cell.source):
                solution = match.group(1)
            if "check" in cell.metadata.get("tags", []):
                break
        else:
            raise ValueError(f"the exercise in cell {index} has no cell tagged 'check' after it")
        if solution is None:
            raise ValueError(f"the exercise in cell {index} has no solution before its check")
        found.append(Exercise(index, later, solution))
    return found
