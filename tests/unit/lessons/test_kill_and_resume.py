"""A run whose process is killed, resumed from what each checkpointer has kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from course_helpers import kill_and_resume
from course_helpers.core.errors import CourseError
from course_helpers.lessons import kill_and_resume as module


def test_a_file_survives_the_process_and_memory_does_not(tmp_path: Path) -> None:
    found = kill_and_resume({"memory": "", "SQLite": str(tmp_path / "s.sqlite")})
    assert list(map(repr, found.values())) == [
        "memory    found nothing  then did 1 2 3 4 5",
        "SQLite    found 1 2 3    then did 4 5",
    ]
    assert {tuple(each.done) for each in found.values()} == {(1, 2, 3, 4, 5)}


def test_a_checkpointer_that_cannot_write_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no checkpointer 'Redis'.*\n.*memory, SQLite, Postgres"):
        kill_and_resume({"Redis": ""})
    with pytest.raises(CourseError, match="SQLite: unable to open database file"):
        kill_and_resume({"SQLite": str(tmp_path / "nowhere" / "s.sqlite")})


def test_the_address_of_a_database_is_not_among_a_process_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Any] = []

    def refuse(command: list[str], env: dict[str, str], **_: Any) -> None:
        started.append((command, env))
        raise OSError("refused")

    monkeypatch.setattr(module.subprocess, "Popen", refuse)
    with pytest.raises(OSError, match="refused"):
        kill_and_resume({"Postgres": "postgresql://postgres:secret@host/db"})
    ((command, env),) = started
    assert "secret" not in str(command)
    assert json.loads(env["SAVERS"]) == {"Postgres": "postgresql://postgres:secret@host/db"}
