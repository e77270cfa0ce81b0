"""Fixtures that several unit tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from course_helpers.core.settings import DEPLOYMENT
from course_helpers.widgets import server_panel
from course_helpers.widgets import thread_panel as module
from tests.unit.server.store_backend import ANN, Store
from tests.unit.widgets.widget_backend import Backend


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


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store with three items, which every panel reaches."""
    store = Store()
    store.put(ANN, "milk", {"task": "Buy milk", "status": "not started"})
    store.put(ANN, "plants", {"task": "Water the plants", "notes": ["à l'ombre"]})
    store.put(("profile", "general", "ann"), "profile", {"name": "Ann"})
    monkeypatch.setattr(server_panel, "require_ready", lambda url: None)
    monkeypatch.setattr(server_panel, "get_client", lambda **_: store)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the deployment's files, with its settings file, to be broken."""
    copy = tmp_path / "deployment"
    copy.mkdir()
    for file in DEPLOYMENT.iterdir():
        if file.is_file() and file.name != ".env":
            shutil.copy(file, copy)
    shutil.copy(DEPLOYMENT / ".env.example", copy / ".env")
    return copy
