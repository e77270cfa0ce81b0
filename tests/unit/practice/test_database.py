"""A practice database, with a stand-in for Docker's command line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from course_helpers.practice import database as practice_database
from course_helpers.practice.database import PracticeDatabase


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for Docker: a database that starts at once at port 49153."""
    said: list[str] = []

    def answers(container: str, question: Sequence[str]) -> bool:
        said.append(" ".join([container, *question]))
        return True

    def run_typed(command: str, values: dict[str, str]) -> None:
        print(f"$ {command}")
        said.extend([command, *values.values()])

    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "course")
    module = practice_database
    monkeypatch.setattr(module.atexit, "register", lambda function: None)
    monkeypatch.setattr(module.docker_checks, "require", lambda: None)
    monkeypatch.setattr(module.cleanup, "remove", lambda name: said.append(f"rm {name}"))
    monkeypatch.setattr(module, "base_image", lambda settings, name: f"image of {name}")
    monkeypatch.setattr(module, "wait_until_ready", lambda container, service, ready: ready())
    monkeypatch.setattr(module, "run_typed", run_typed)
    monkeypatch.setattr(module, "answers", answers)
    monkeypatch.setattr(module, "published", lambda container, port: "127.0.0.1:49153")
    return said


def test_a_practice_database_is_for_this_computer_and_shows_no_password(
    docker: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    database = PracticeDatabase()
    assert docker[0] == "rm course-database"
    assert "--publish 127.0.0.1::5432" in docker[1]
    assert docker[2] == "image of POSTGRES_IMAGE"
    password = docker[3]
    assert database.uri == f"postgresql://postgres:{password}@127.0.0.1:49153/postgres"
    assert password not in repr(database) + capsys.readouterr().out
    assert "course-database-postgres pg_isready" in docker[4]
    database.remove()
    assert docker[-1] == "rm course-database"


def test_a_practice_database_is_removed_at_exit_only_if_it_is_there(
    docker: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    module, there = practice_database, ["course-database-postgres"]
    monkeypatch.setattr(module.cleanup, "left", lambda name: there)
    monkeypatch.setattr(module.cleanup, "remove_soon", started.append)
    database = PracticeDatabase()
    database._remove_at_exit()
    assert started == ["course-database"]
    there.clear()
    database._remove_at_exit()
    assert started == ["course-database"]
