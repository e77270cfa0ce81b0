"""Gates over the stored notebooks: none forgotten, unexecuted, or with another lane's outputs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import course_helpers
from course_helpers import check
from tests.notebooks.lessons import (
    code_cells,
    exercises,
    lane_of,
    lesson_paths,
    notebook_paths,
    other_lane_of,
    read,
)

MAX_LINES = 15  # of code: docstrings and prompts are there to be read
LESSONS = lesson_paths()
SECTIONS = ("## Exercises", "## Recap", "## Quiz", "## What comes next", "## Clean up")
HEADER = ("**Level**", "**Time**", "**You need**", "**Goal**", "you are here")


def by_name(path: Path) -> str:
    return path.name


def code_lines(source: str) -> int:
    """Return how many lines of a cell hold code, without texts of several lines."""
    lines = {n for n, line in enumerate(source.splitlines(), 1) if line.strip()}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            several = (node.end_lineno or 0) > node.lineno
            docstring = source.splitlines()[node.lineno - 1].lstrip().startswith('"""')
            if several or docstring:
                lines -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)


every_notebook = pytest.mark.parametrize("path", notebook_paths(), ids=by_name)
lesson = pytest.mark.parametrize("path", LESSONS, ids=by_name)


def test_there_are_lessons() -> None:
    assert LESSONS


def test_no_lesson_is_missing_in_between() -> None:
    assert [path.name[:2] for path in LESSONS] == [f"{n:02}" for n in range(len(LESSONS))]


@every_notebook
def test_declares_its_lanes(path: Path) -> None:
    assert other_lane_of(read(path)) != lane_of(read(path))


@every_notebook
def test_every_cell_is_executed_in_order_without_an_error(path: Path) -> None:
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]


@lesson
def test_stored_outputs_are_of_the_declared_lane(path: Path) -> None:
    notebook = read(path)
    texts = [
        output.get("data", {}).get("text/plain", "")
        for cell in code_cells(notebook)
        for output in cell.outputs
    ]
    lanes = {match[1] for text in texts if (match := re.search(r"^Lane +(\w+)", text))}
    assert lanes == {lane_of(notebook)}


@every_notebook
def test_stored_outputs_hold_no_live_widget_and_no_secret(path: Path) -> None:
    text = path.read_text()
    assert "widget-view+json" not in text
    assert not re.search(r"sk-[A-Za-z0-9]{8}|lsv2_", text)


@lesson
def test_has_every_part_of_a_lesson(path: Path) -> None:
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert cells[0].startswith("# ")
    assert [part for part in HEADER if part not in cells[0] + cells[1]] == []
    headings = [line for cell in cells for line in cell.splitlines() if line.startswith("## ")]
    assert [s for s in SECTIONS if not any(h.startswith(s) for h in headings)] == []


@every_notebook
def test_cells_are_short(path: Path) -> None:
    long = [cell.source for cell in code_cells(read(path)) if code_lines(cell.source) > MAX_LINES]
    assert long == []


@every_notebook
def test_every_figure_has_alt_text(path: Path) -> None:
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    assert not re.search(r"!\[\s*\]\(", text)
    figures = re.findall(r"```mermaid\n(.*?)```", text, re.S)
    assert all("accTitle" in figure and "accDescr" in figure for figure in figures)


@lesson
def test_has_two_to_four_exercises_with_hints(path: Path) -> None:
    notebook = read(path)
    found = exercises(notebook)
    assert 2 <= len(found) <= 4
    for exercise in found:
        between = notebook.cells[exercise.stub + 1 : exercise.check]
        assert any("<summary>Hint" in cell.source for cell in between)
        outputs = str(notebook.cells[exercise.check].outputs)
        assert "Not yet" in outputs, "the stub must be told 'not yet' by its check"


@lesson
def test_uses_only_names_that_the_helpers_have(path: Path) -> None:
    tree = ast.parse("\n".join(cell.source for cell in code_cells(read(path))))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "course_helpers"
        for alias in node.names
    }
    assert imported
    assert imported <= set(course_helpers.__all__)
    checks = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "check"
    }
    assert [name for name in checks if not hasattr(check, name)] == []
    modules = [
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    ]
    assert not [m for m in modules if m.startswith("course_helpers.")], "import from the face only"
