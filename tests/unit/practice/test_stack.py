"""The practice stack: its settings, what it prints, its removal at exit; its commands are only recorded."""

from __future__ import annotations

import os
from typing import Any

import pytest

from course_helpers.practice import stack


def test_practice_begins_empty_and_leaves_the_environment(practice_stack: Any) -> None:
    assert practice_stack.done == ["down True course-practice"]
    with practice_stack, practice_stack:
        assert os.environ["API_PORT"] == practice_stack.settings["API_PORT"]
    assert "API_PORT" not in os.environ
    with pytest.raises(RuntimeError), practice_stack:
        raise RuntimeError


def test_practice_prints_no_password_and_no_states(
    practice_stack: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert practice_stack.up() == "url"
    said = capsys.readouterr().out.splitlines()[-2:]
    practice_stack.restart("langgraph-api")
    said += capsys.readouterr().out.splitlines()
    typed = "$ COMPOSE_PROJECT_NAME=course-practice API_PORT=… POSTGRES_PASSWORD=… docker compose"
    assert said == [f"{typed} up --detach", "Ready", f"{typed} restart langgraph-api", "Ready"]
    done = ["up", "restart ('langgraph-api',)"]
    assert practice_stack.done[1:] == [f"{each} course-practice" for each in done]


def test_practice_is_removed_at_exit_only_if_it_is_there(
    practice_stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(stack.cleanup, "remove_soon", started.append)
    practice_stack._remove_at_exit()
    assert started == []
    practice_stack.up()
    practice_stack._remove_at_exit()
    assert started == ["course-practice"]
    practice_stack.remove()
    practice_stack._remove_at_exit()
    assert started == ["course-practice"]
