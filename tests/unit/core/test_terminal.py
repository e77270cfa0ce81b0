"""A terminal's commands in a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_helpers import CourseError, terminal
from course_helpers.core import terminal as module


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
