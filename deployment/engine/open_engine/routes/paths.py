"""The `extract` of a search for threads: `values.messages[-1].content`, read from a thread."""

from __future__ import annotations

import re
from typing import Any

ROOTS = ("values", "metadata", "config", "interrupts")
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>-?\d+)\]")
_PATH = re.compile(rf"(?P<root>{'|'.join(ROOTS)})(?P<steps>(?:\.[^.\[\]]+|\[-?\d+\])*)")


def check_path(path: str) -> str:
    """Return a path, unchanged.

    Raises:
        ValueError: it is malformed.
    """
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} must be one of {', '.join(ROOTS)} with .key and [index] parts")
    return path


def read_path(thread: dict[str, Any], path: str) -> Any:
    """Return what a path leads to in a thread, or None if it leads nowhere."""
    match = _PATH.fullmatch(path)
    assert match is not None, path
    value: Any = thread.get(match["root"])
    for step in _STEP.finditer(match["steps"]):
        try:
            value = value[step["key"] or int(step["index"])]
        except (KeyError, IndexError, TypeError):
            return None
    return value
