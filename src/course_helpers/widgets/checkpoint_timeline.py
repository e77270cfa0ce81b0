"""A thread's checkpoints as a picture: an ordered list of runs, each an ordered list of steps.

Only the style draws it: without the style, and to a screen reader, it is a list.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from course_helpers.server.checkpoints import Checkpoint

# A checkpoint that no node made is named by its source.
SOURCES = {"input": "input", "update": "update_state", "fork": "fork"}


def timeline(checkpoints: Sequence[Checkpoint], more: bool = False) -> str:
    """Return a thread's steps, the oldest first. Each unfolds to its checkpoint.

    Args:
        checkpoints: newest first.
        more: whether there are older ones, which were not read.
    """
    if not checkpoints:
        return "<p>No checkpoint was saved yet.</p>"
    runs = _runs(checkpoints)
    rows = "".join(f'<li><ol role="list">{_run(run, run is runs[-1])}</ol></li>' for run in runs)
    note = f" Only the newest {len(checkpoints)}: the thread has older ones." if more else ""
    return (
        f"<p>A line for each run, from left to right. Click a step to see its checkpoint.{note}</p>"
        f'<ol class="course-timeline" role="list">{rows}</ol>'
    )


def _runs(checkpoints: Sequence[Checkpoint]) -> list[list[Checkpoint]]:
    """Group checkpoints that follow one another; an input or a fork begins a new line."""
    runs: list[list[Checkpoint]] = []
    for checkpoint in reversed(checkpoints):
        follows = runs and checkpoint.parent_id == runs[-1][-1].id
        if follows and checkpoint.source != "input":
            runs[-1].append(checkpoint)
        else:
            runs.append([checkpoint])
    return runs


def _run(run: Sequence[Checkpoint], newest: bool) -> str:
    return "".join(_step(c) + _failures(c) for c in run) + _ending(run[-1], newest)


def _step(checkpoint: Checkpoint) -> str:
    nodes = " + ".join(checkpoint.ran) or f"step {checkpoint.step}"
    facts = {
        "Step": str(checkpoint.step),
        "Checkpoint": checkpoint.id,
        "Saved at": checkpoint.created_at,
        "Messages": str(checkpoint.messages),
        "Next": ", ".join(checkpoint.next) or "end",
    }
    detail = "\n".join(f"{name}: {value}" for name, value in facts.items())
    name = SOURCES.get(checkpoint.source)
    return _item("" if name is None else "round", html.escape(name or nodes), detail)


def _failures(checkpoint: Checkpoint) -> str:
    """Return the nodes that failed after a checkpoint, marked by a word and a shape."""
    return "".join(
        _item("failed", f'<span class="fail">error</span> in {html.escape(node)}', error)
        for node, error in zip(checkpoint.failed, checkpoint.errors, strict=True)
    )


def _item(kind: str, name: str, detail: str) -> str:
    return (
        f'<li class="{kind}"><details><summary>{name}</summary>'
        f"<pre>{html.escape(detail)}</pre></details></li>"
    )


def _ending(last: Checkpoint, newest: bool) -> str:
    """Return what came after a line's last checkpoint, if that is known."""
    if not last.next:
        return '<li class="round"><span>end</span></li>'
    if newest and not last.failed:
        return f'<li class="next"><span>next: {html.escape(", ".join(last.next))}</span></li>'
    return ""
