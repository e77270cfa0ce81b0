"""From the lines of a log, whatever is in them, to lines for people: cut, masked, put into words."""

from __future__ import annotations

import re
import time

import pytest

from course_helpers.stack.containers import Service
from course_helpers.stack.log_reader import LONGEST, error_lines, explain, log_line, message

DEAD = Service("langgraph-api", "id", "image", "exited", exit_code=1)
SICK = Service("langgraph-api", "id", "image", "running", "unhealthy")

LONG = "error " + "x" * 1_000_000
HOSTILE = {
    "nothing": "",
    "blank": "\n \n\t\n",
    "html": "<img src=x onerror=alert(1)> error",
    "colours": "something\x1b[31m went\x1b[0m wrong\x1b]0;title\x07",
    "unprintable": "error\x00\x01\x7f\x9b",
    "long": LONG,
    "long and alike": "because api_key A" * 60_000,
    "long words": "A" * 1_000_000 + " error",
    "escapes": "\x1b[" * 300_000,
    "braces": "engine: {what} {0} {__class__}. To fix it: {fix} %s.",
    "deep json": "[" * 200_000,
    "deep object": '{"a":' * 100_000,
    "long number": '{"event": ' + "9" * 10_000 + "}",
    "odd json": '{"event": null, "level": [], "timestamp": {}, "exception": 7, "error": true}',
    "long event": '{"event": "' + LONG + '", "level": "error", "timestamp": "2026"}',
    "surrogate": '{"event": "\\ud800", "level": "error"}',
    "many lines": "error: again\n" * 5000,
}


@pytest.mark.parametrize("log", HOSTILE.values(), ids=HOSTILE)
def test_hostile_lines_do_no_harm(log: str) -> None:
    begun = time.process_time()
    for like in (DEAD, SICK):
        reading = explain(like, log)
        for text in (reading.what, reading.fix, *reading.lines):
            assert len(text) <= LONGEST + 100
            assert not re.search(r"[\x00-\x1f\x7f]", text)
    for line in log.splitlines()[:3]:
        assert "\x1b" not in log_line(line)
    assert time.process_time() - begun < 5


def test_what_was_cut_says_so() -> None:
    assert len(error_lines(LONG)[0]) == LONGEST
    assert error_lines(LONG)[0].endswith(" …")


def test_passwords_in_addresses_are_masked() -> None:
    said = "engine: No postgresql://ada:s3cret@db:5432/x and redis://:s3cret@r. To fix it: try."
    reading = explain(DEAD, said)
    assert "s3cret" not in str(reading)
    assert "postgresql://ada:…@db:5432/x and redis://:…@r" in reading.what
    assert "s3cret" not in error_lines("error: redis://:s3cret@host")[0]


def test_error_lines_are_the_last_ones_each_once() -> None:
    log = "\n".join(["fine", *(f"Error {n}" for n in range(9)), "Error 8", "all is well"])
    assert error_lines(log) == [f"Error {n}" for n in range(4, 9)]
    assert error_lines("one\n\ntwo\n") == ["one", "two"]
    assert error_lines("") == []


def test_structured_lines_are_for_people() -> None:
    line = '{"event": "Worker started", "level": "info", "timestamp": "2026-11-21T09:30:03.3Z"}'
    assert (
        log_line(f"langgraph-api-1  | {line}\n")
        == "langgraph-api-1  | 09:30:03 info    Worker started"
    )
    assert log_line(line) == "09:30:03 info    Worker started"
    assert message(line) == "Worker started"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('"event": "Lost", "level": "error"', "error: Lost"),
        ('"event": "Lost", "level": "warning", "error": "gone"', "warning: Lost: gone"),
        ('"event": "Lost", "level": "error", "exception": "Traceback:\\n  x\\na.B: c\\nDuring d"', "error: Lost: a.B: c"),
        ('"event": "Traceback (…):\\n  File x\\nValueError: no\\n", "level": "error"', "error: ValueError: no"),
        ('"event": "one\\ntwo", "level": "info"', "two"),
    ],
)  # fmt: skip
def test_what_a_structured_line_says(fields: str, said: str) -> None:
    assert message(f"{{{fields}}}") == said
    assert message(f"langgraph-api-1  | {{{fields}}}") == said


@pytest.mark.parametrize("line", ["plain", "a | b", "x | {broken", "x | [1]", 'x | {"a": 1}', ""])
def test_other_lines_are_left_alone(line: str) -> None:
    assert log_line(line) == line
