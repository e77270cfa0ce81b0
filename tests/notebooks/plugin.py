"""A pytest plugin for nbval: one outage is one failure, and a failed notebook can be looked at.

nbval goes on after a failed cell, so that a server that is down fails every cell of a notebook.
Here the cells after the first one that failed are skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebooks.execute import execute, keep
from tests.notebooks.lessons import read

_failed: dict[Path, str] = {}


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
