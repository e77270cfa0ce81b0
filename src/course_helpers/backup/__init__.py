"""All that the stack holds, saved into one file and restored.

archive      the file: written, checked and read
commands     `save` and `restore`, as notebooks and `make` call them
dumps        the dumps in it: made of the running databases, listed, loaded
manifest     what a backup says of itself
preflight    the checks before a restore changes anything
restoring    the restore, and its undo when it fails or is interrupted
running      databases kept running for as long as they are needed
swap         restored data put in the place of the old, and back

Notebooks use its commands from here: `backup.save(path)`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_COMMANDS = ("restore", "save")


def __getattr__(name: str) -> Any:
    """Import a command when it is first used (PEP 562)."""
    if name not in _COMMANDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.commands"), name)
