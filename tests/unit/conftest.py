"""Fixtures that several unit tests share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course_helpers.core.settings import DEPLOYMENT
from course_helpers.practice import stack
from course_helpers.practice.stack import PracticeStack
from course_helpers.stack import streams
from course_helpers.widgets import server_panel, thread_reader
from tests.unit.fake_engine import FakeEngine, running
from tests.unit.server.store_backend import ANN, Store
from tests.unit.shared import Command
from tests.unit.widgets.widget_backend import Backend


@pytest.fixture
async def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(server_panel, "require_ready", lambda url: None)
    monkeypatch.setattr(thread_reader, "list_threads", backend.list)
    monkeypatch.setattr(thread_reader, "read_thread", backend.thread)
    monkeypatch.setattr(thread_reader, "read_memories", backend.memories)
    return backend


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that puts a shell script on the path, before the system's programs."""
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
    """Return a copy of the deployment's files, with its settings file, to be broken."""
    copy = tmp_path / "deployment"
    copy.mkdir()
    for file in DEPLOYMENT.iterdir():
        if file.is_file() and file.name != ".env":
            shutil.copy(file, copy)
    shutil.copy(DEPLOYMENT / ".env.example", copy / ".env")
    return copy


@pytest.fixture
def practice_stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeStack]:
    """Yield a practice stack whose commands are only recorded."""
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "course")
    monkeypatch.delenv("API_PORT", raising=False)
    monkeypatch.setattr(stack.atexit, "register", lambda function: None)
    done: list[str] = []

    def note(what: str) -> str:
        done.append(f"{what} {os.environ['COMPOSE_PROJECT_NAME']}")
        print("a state that differs\nReady")
        return "url"

    monkeypatch.setattr(stack.lifecycle, "down", lambda volumes: note(f"down {volumes}"))
    monkeypatch.setattr(stack.cleanup, "remove", lambda name: None)
    monkeypatch.setattr(stack.lifecycle, "up", lambda: note("up"))
    monkeypatch.setattr(stack.lifecycle, "restart", lambda *names: note(f"restart {names}"))
    made = PracticeStack()
    made.done = done  # type: ignore[attr-defined]
    yield made
    assert os.environ["COMPOSE_PROJECT_NAME"] == "course"
    assert "API_PORT" not in os.environ


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that replaces every command in a container by a Python program."""

    def put(program: str) -> None:
        line = [sys.executable, "-c", program]
        monkeypatch.setattr(streams, "compose_command", lambda *_: line)

    monkeypatch.setattr(streams, "compose_environment", lambda: dict(os.environ))
    return put


@pytest.fixture
def engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], None]
) -> Iterator[FakeEngine]:
    """Yield a scripted Docker engine, and let every client in the test use it."""
    program("docker", "echo 'a test asks the command, not the engine' >&2; exit 1")
    (tmp_path / "bin/docker.bat").write_text("exit /b 1")  # what Windows finds by that name
    with running() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        yield engine
