"""Fixtures that the tests of the faults share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from course_helpers.core.processes import Answer
from course_helpers.practice import broken_stack, cleanup, stack
from course_helpers.practice.stack import PracticeStack
from course_helpers.stack import compose, lifecycle
from course_helpers.stack.compose import override_file
from course_helpers.stack.containers import Service
from tests.unit.fake_engine import FakeEngine, Handler


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engine: FakeEngine) -> list[str]:
    """Return the list of what would have been done in Docker, in order."""
    done: list[str] = []

    def note(*what: Any) -> str:
        done.append(" ".join(map(str, what)))
        print("Ready")
        return ""

    def services() -> list[Service]:
        return [Service(name, f"id-of-{name}", "i", "running") for name in compose.SERVICES]

    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "course")
    monkeypatch.setattr(compose, "ROOT", tmp_path)
    monkeypatch.setattr(stack.atexit, "register", lambda function: None)
    monkeypatch.setattr(lifecycle, "up", lambda: note("up"))
    monkeypatch.setattr(lifecycle, "down", lambda volumes: note("down"))
    monkeypatch.setattr(cleanup, "remove", lambda name: note("leftovers", name))
    monkeypatch.setattr(broken_stack, "missing_graphs", lambda url, graphs: [])
    monkeypatch.setattr(broken_stack, "services", services)
    monkeypatch.setattr(broken_stack, "run_compose", lambda *words, timeout: note(*words))
    monkeypatch.setattr(broken_stack, "run", lambda words, timeout: Answer(0, note(*words[1:])))
    monkeypatch.setattr(broken_stack, "run_alone", lambda *words, **_: Answer(0, note(*words[1])))
    for kind in ("containers", "volumes", "images"):
        remove = partial(note_all, note, f"remove {kind}")
        monkeypatch.setattr(cleanup, f"remove_{kind}", remove)
    engine.on("POST /volumes/create", partial(note_volume, note))
    return done


def note_all(note: Callable[..., str], what: str, names: Iterable[str]) -> None:
    note(what, *names)


def note_volume(note: Callable[..., str], handler: Handler) -> None:
    asked = json.loads(handler.server.bodies[-1])
    note("volume create", asked["Name"], asked["DriverOpts"])
    handler.send_json(201, {"Name": asked["Name"]})


@pytest.fixture
def practice(done: list[str]) -> Iterator[PracticeStack]:
    """Yield a practice stack whose commands are only recorded."""
    made = PracticeStack()
    done.clear()
    yield made
    with made:
        assert not override_file().exists()
