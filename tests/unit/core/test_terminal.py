"""A terminal's commands in a notebook, and programs that may be missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from course_helpers import run_if_installed, terminal
from course_helpers.core import terminal as module
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.core.processes import Answer


def test_shows_the_command_and_its_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here.txt").touch()
    command = "python -c \"import os; print(os.listdir()); print('\\x1b[31mred\\x1b[0m')\""
    assert terminal(command, tmp_path) == 0
    assert capsys.readouterr().out == f"$ {command}\n['here.txt']\nred\n"


def test_the_programs_of_the_course_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert terminal("langgraph no-such-command") == 2
    assert "No such command" in capsys.readouterr().out


def test_a_missing_program_or_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no program 'no-such-program'"):
        terminal("no-such-program --help")
    with pytest.raises(CourseError, match="gone"):
        terminal("python --version", tmp_path / "gone")


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TERMINAL_TIMEOUT", 0.5)
    with pytest.raises(CourseError, match=r"no answer within 0\.5 s"):
        terminal('python -c "import time; time.sleep(60)"')


def test_a_program_is_run_with_its_files(
    program: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    program("show", 'printf "\\033[31m%s\\033[0m $FORCE_COLOR" "$(cat "$1")"')
    assert run_if_installed("show a.txt", {"a.txt": "hello"}) == "hello"
    assert capsys.readouterr().out == "$ show a.txt\nhello\n"


def test_a_program_that_is_missing_or_fails(
    program: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_if_installed("no-such-program --help") is None
    assert "no-such-program is not installed here" in capsys.readouterr().out
    program("fails", 'echo "at line 3" >&2; echo "TypeError: fetch failed" >&2; exit 1')
    with pytest.raises(CourseError, match=r"fails failed \(1\): TypeError: fetch failed"):
        run_if_installed("fails")
    program("silent", "exit 3")
    with pytest.raises(CourseError, match="it says nothing"):
        run_if_installed("silent")


@pytest.mark.parametrize(
    ("err", "says"),
    [
        (
            "docker: open nowhere.env: no such file or directory\n\nRun 'docker run --help' for more",
            "`docker run` failed: open nowhere.env: no such file or directory.",
        ),
        ("Error response from daemon: refused.", "failed: Error response from daemon: refused."),
        ("", "failed: it says nothing."),
    ],
)
def test_a_command_that_fails_says_why(
    err: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "run", lambda *_: Answer(1, err=err))
    with pytest.raises(ServerError) as caught:
        module.run_typed("docker run ${IMAGE}", values={"${IMAGE}": "redis:8"})
    assert says in caught.value.what
    assert capsys.readouterr().out == "$ docker run ${IMAGE}\n"
