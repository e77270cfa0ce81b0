"""What is printed while the stack starts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from course_helpers.stack import health, starting
from tests.unit.stack.stack_backend import service


def test_what_is_said_before_ready_is_that_all_are_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("langgraph-api", "langgraph-postgres", "langgraph-redis")
    answers = iter([False, True])  # it begins to answer between two looks
    now = [service(names[0], health="starting"), service(names[1]), service(names[2])]
    monkeypatch.setattr(health, "_answers", lambda: next(answers))
    monkeypatch.setattr(starting, "services", lambda: now)
    monkeypatch.setattr(starting, "missing_graphs", lambda *_: [])
    monkeypatch.setattr(starting, "_POLL", 0)
    monkeypatch.setattr(
        starting.subprocess, "Popen", lambda *_, **__: SimpleNamespace(poll=lambda: 0)
    )
    starting.start(("up",), 10, ("task_maistro",))
    *_, before, ready = capsys.readouterr().out.splitlines()
    assert before == "3 services, all ready"
    assert ready.startswith("Ready after ")
