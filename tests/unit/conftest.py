"""Fixtures that several unit tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from course_helpers.widgets import thread_panel as module
from tests.unit.widget_backend import Backend


@pytest.fixture
async def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(module, "require_ready", lambda url: None)
    monkeypatch.setattr(module, "list_threads", backend.list)
    monkeypatch.setattr(module, "read_thread", backend.thread)
    monkeypatch.setattr(module, "read_memories", backend.memories)
    return backend


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a shell script on the path, before the system's programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put
