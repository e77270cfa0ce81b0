"""The course's errors: shown without a traceback, and read back from what was printed."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_helpers.core.errors import CourseError, ServerError


def test_a_course_error_is_shown_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell.instance()
    shell.user_ns["error"] = ServerError("The server stopped.", "run connect() again")
    shell.run_cell("raise error")
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert "ServerError: The server stopped." in text
    assert "Fix: run connect() again" in text
    assert "Traceback" not in text
    assert "run_cell" not in text


def test_a_course_error_reads_as_a_sentence_and_a_fix() -> None:
    assert str(CourseError("It broke.", "mend it")) == "It broke.\nFix: mend it"


def test_an_error_is_read_back_from_what_it_printed() -> None:
    error = ServerError("It is down: a reason.", "make up")
    read = CourseError.read(f"starting\nmore\n{error}\n")
    assert read is not None
    assert (read.what, read.fix) == (error.what, error.fix)
    assert CourseError.read("nothing\nof the kind") is None
    assert CourseError.read("") is None
