"""A pytest plugin for nbval: exercises are solved, and one outage is one failure.

A learner may run all cells first and solve the exercises then. So do the tests: before a lesson's
last cell, which tidies up, each solution is run and its check must be passed.

nbval goes on after a failed cell, so that a server that is down fails every cell of a notebook.
Here the cells after the first one that failed are skipped, with the reason.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell
from nbval.plugin import IPyNbCell  # type: ignore[import-untyped]

from tests.notebooks.execute import execute, keep
from tests.notebooks.lessons import exercises, read

_failed: dict[Path, str] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    cells = [item for item in items if isinstance(item, IPyNbCell)]
    for lesson in {cell.path: cell.parent for cell in cells}.values():
        last = max(i for i, item in enumerate(items) if item.parent is lesson)
        items[last:last] = list(_solving(lesson))


def _solving(lesson: Any) -> Iterator[IPyNbCell]:
    """Return further cells of a lesson: its solutions, each with its check."""
    for number, exercise in enumerate(exercises(lesson.nb), 1):
        check = lesson.nb.cells[exercise.check].source
        for name, source in (("Solution", exercise.solution), ("Check", must_pass(check))):
            yield IPyNbCell.from_parent(
                lesson,
                name=f"{name} {number}",
                cell_num=len(lesson.nb.cells),
                cell=new_code_cell(source),
                options=defaultdict(bool),
            )


def must_pass(check: str) -> str:
    """Return a cell that ends with a self-check's answer, changed to fail unless it is passed."""
    *before, answer = ast.parse(check).body
    lines = [ast.unparse(statement) for statement in before]
    lines.append(f"answer_to_solution = {ast.unparse(answer)}")
    return "\n".join([*lines, "assert answer_to_solution.passed, answer_to_solution"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    report = yield
    if item.path.suffix == ".ipynb" and report.failed:
        _failed.setdefault(item.path, item.name)
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path in _failed:
        pytest.skip(f"{_failed[item.path]} of {item.path.name} failed")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Run each failed notebook once more and keep it as it ran (nbval keeps none)."""
    for path in _failed:
        notebook = read(path)
        with suppress(CellExecutionError):  # its traceback is in the notebook
            execute(notebook, path.parent)
        terminalreporter.write_line(f"{path.name}, executed: {keep(notebook, path.name)}")
