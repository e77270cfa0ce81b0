"""What is asked before a restore: which server, which tables, which version. No Docker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from course_helpers.backup import preflight
from course_helpers.backup.preflight import Engine
from course_helpers.core.errors import CourseError, DockerError, ServerError
from course_helpers.core.processes import Answer, run
from tests.unit.backup.backup_backend import make_backup


@pytest.mark.parametrize(
    ("revision", "engine", "known"),
    [
        ("a3f7c1d9e2b4", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4", "b88bb61be638")), True),
        ("b88bb61be638", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4", "b88bb61be638")), True),
        ("ffffffffffff", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4", "b88bb61be638")), False),
        ("", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4",)), False),
        ("a3f7c1d9e2b4", Engine("another server", ()), False),
        ("", Engine("another server", ()), True),
    ],
)
def test_tables_of_a_newer_or_another_server_are_refused(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    revision: str,
    engine: Engine,
    known: bool,
) -> None:
    monkeypatch.setattr(preflight, "read_engine", lambda: engine)
    manifest = make_backup(path, revision=revision)
    if known:
        preflight.require_known(manifest)
        return
    with pytest.raises(CourseError, match=engine.name):
        preflight.require_known(manifest)


def test_versions_are_compared_by_number() -> None:
    major = preflight._major
    assert [major(v) for v in ("17.2 (Debian)", "9.6", "18beta1", "", "x")] == [17, 9, 18, 0, 0]


class TestEngine:
    @pytest.mark.parametrize(
        ("answer", "engine"),
        [
            (Answer(0, '["Aegra 0.11.0", ["b", "a"]]'), Engine("Aegra 0.11.0", ("b", "a"))),
            (Answer(0, "null"), Engine("another server", ())),
        ],
    )
    def test_an_image_says_what_it_serves(
        self, monkeypatch: pytest.MonkeyPatch, answer: Answer, engine: Engine
    ) -> None:
        monkeypatch.setattr(preflight, "run_alone", lambda *_: answer)
        assert preflight.read_engine() == engine

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (NotFound("404", explanation="No such image: x"), "No such image: x"),
            (DockerError("Docker: no answer within 60 s.", "…"), "Docker: no answer within 60 s"),
            (Answer(137), "it ended with code 137"),
            (Answer(1, err="Traceback\nImportError: alembic"), "ImportError: alembic"),
        ],
    )
    def test_a_container_that_fails_is_no_other_server(
        self, monkeypatch: pytest.MonkeyPatch, answer: Answer | Exception, said: str
    ) -> None:
        def run_alone(*_: Any) -> Answer:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(preflight, "run_alone", run_alone)
        with pytest.raises(ServerError, match=f"does not say what it serves: {said}"):
            preflight.read_engine()

    def test_where_there_is_no_open_engine_there_is_another_server(self) -> None:
        """As in the course's own environment."""
        script = [sys.executable, "-c", preflight._ENGINE]
        assert run(script, 30) == Answer(0, "null")
