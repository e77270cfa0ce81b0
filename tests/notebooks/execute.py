"""`make notebooks`: run every notebook, or those named by number, and store what it printed.

A stored output is replaced only where it differs after sanitising, so that a second run changes
no byte, and a diff shows what changed for a reader.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tests.notebooks.lessons import (
    BUILD,
    SANITIZE,
    code_cells,
    lane_of,
    lessons_of,
    notebook_paths,
    read,
)
from tests.notebooks.own_stack import own_stack
from tests.pinned import forget_settings, pinned_environment

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 120  # seconds


OURS, LEARNERS = "task-maistro-test", "task-maistro"  # the names of images and volumes


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells of a notebook in place, in a kernel that starts in `folder`.

    Raises:
        CellExecutionError: a cell failed; the outputs until then are in the notebook.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    for cell in code_cells(notebook):
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []  # it is about the machine, which is nobody else's
        for output in cell.outputs:
            # On the web no widget runs: a stored panel is its static HTML.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    if lane_of(notebook) == "open":
        # A learner's stack is never touched: this one has a name of its own, until here.
        written = nbformat.writes(notebook).replace(OURS, LEARNERS)
        notebook.cells = nbformat.reads(written, as_version=4).cells


def merge(stored: NotebookNode, executed: NotebookNode) -> int:
    """Take over the outputs that differ after sanitising; return in how many cells."""
    changed = 0
    for old, new in zip(code_cells(stored), code_cells(executed), strict=True):
        if _comparable(old.outputs) != _comparable(new.outputs):
            old.outputs = new.outputs
            changed += 1
        old.execution_count = new.execution_count
        for output in old.outputs:
            if "execution_count" in output:
                output["execution_count"] = new.execution_count
    return changed


def keep(notebook: NotebookNode, name: str) -> Path:
    """Write a notebook into `build/notebooks` for somebody to look at, and return where."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / name
    nbformat.write(notebook, path)
    return path


def _comparable(outputs: list[NotebookNode]) -> str:
    merged: list[dict[str, Any]] = []
    for output in outputs:
        one = {k: v for k, v in output.items() if k != "execution_count"}
        last = merged[-1] if merged else {}
        if (
            one["output_type"] == last.get("output_type") == "stream"
            and one["name"] == last["name"]
        ):
            last["text"] += one["text"]  # how a stream is cut into messages is chance
        else:
            merged.append(one)
    return _sanitize(json.dumps(merged, sort_keys=True))


def _sanitize(text: str) -> str:
    config = configparser.RawConfigParser()
    config.read(SANITIZE)
    for section in config.sections():
        text = re.sub(config.get(section, "regex"), config.get(section, "replace"), text)
    return text


def _update(path: Path) -> bool:
    """Re-execute one notebook and write it if it changed; return whether it ran."""
    stored = read(path)
    executed = read(path)
    print(f"{path.name} ({lane_of(stored)}) ...", flush=True)
    started = time.monotonic()
    try:
        execute(executed, path.parent)
    except CellExecutionError as error:
        where = keep(executed, path.name)
        print(f"  failed, nothing stored; as far as it ran: {where}\n{error}")
        return False
    before = path.read_bytes()
    changed = merge(stored, executed)
    after = (nbformat.writes(stored) + "\n").encode()
    if after != before:
        path.write_bytes(after)
    print(f"  {time.monotonic() - started:.1f} s, {changed} cells with another output")
    return True


def main(numbers: list[str]) -> int:
    """Re-execute notebooks; the exit code is 1 if one failed.

    Args:
        numbers: of the lessons, for instance `05`; none: all notebooks.
    """
    os.environ.update(pinned_environment(os.environ))
    forget_settings()
    # All of them, also after a failure; a notebook without code has nothing to run.
    paths = [path for path in notebook_paths() if code_cells(read(path))]
    paths = [path for path in paths if not numbers or path.name[:2] in numbers]
    on_the_stack = [path for path in paths if path in lessons_of("open")]
    ran = [_update(path) for path in paths if path not in on_the_stack]
    with own_stack() if on_the_stack else nullcontext():
        ran += [_update(path) for path in on_the_stack]
    return 0 if all(ran) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
