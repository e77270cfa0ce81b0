"""A deployment's files, for the tests that break them."""

from __future__ import annotations

from pathlib import Path

GRAPH = "task_maistro.py"


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
