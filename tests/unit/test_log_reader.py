"""From a container's state and last lines to one sentence."""

from __future__ import annotations

import pytest

from course_helpers.builds import build_cause
from course_helpers.containers import Service
from course_helpers.log_reader import explain, log_line, message

DEAD = Service("langgraph-api", "id", "image", "exited", exit_code=1)


@pytest.mark.parametrize(
    ("log", "what", "fix"),
    [
        (
            "Traceback (most recent call last):\n"
            "engine: Postgres refuses the password. To fix it: put the old one back.\n",
            "langgraph-api: Postgres refuses the password",
            "put the old one back",
        ),
        ("exec /usr/bin/python: exec format error", "another kind of processor", "make images"),
        ("FATAL: No space left on device", "the disk is full", "docker system prune"),
        (
            "DETAIL: The data directory was initialized by PostgreSQL version 16, which is not",
            "another version of PostgreSQL",
            "make down VOLUMES=1",
        ),
        ("# Can't handle RDB format version 12", "another version of Redis", "VOLUMES=1"),
        ("something\x1b[31m red\x1b[0m\n\n", "ended with code 1: something red", "make logs"),
        ("", "ended with code 1: it printed nothing", "make logs"),
    ],
)
def test_a_log_becomes_a_sentence(log: str, what: str, fix: str) -> None:
    reading = explain(DEAD, log)
    assert what in reading.what
    assert fix in reading.fix


def test_the_last_cause_counts() -> None:
    log = "engine: First. To fix it: a.\nengine: Second. To fix it: b.\n"
    assert explain(DEAD, log).what.endswith("Second")


def test_memory_is_told_from_the_state_not_the_log() -> None:
    service = Service("s", "i", "m", "running", out_of_memory=True, memory_limit=64 << 20)
    assert "more memory than its limit (64 MiB)" in explain(service, "all well").what


def test_killed_by_hand() -> None:
    killed = Service("s", "i", "m", "exited", exit_code=137)
    assert explain(killed, "all well").what == "s was killed (exit code 137)"


def test_states_in_words() -> None:
    assert str(Service("s", "i", "m", "running", "healthy")) == "healthy"
    assert str(Service("s", "i", "m", "running")) == "running"
    assert str(Service("s", "i", "m", "exited", exit_code=3)) == "exited with code 3"
    assert Service("s", "i", "m", "running", "healthy", restarts=1).failed
    assert not Service("s", "i", "m", "exited").failed  # stopped by somebody
    assert not Service("s", "i", "m", "running", "starting").ready


def test_structured_lines_are_for_people() -> None:
    line = '{"event": "Worker started", "level": "info", "timestamp": "2026-11-21T09:30:03.3Z"}'
    assert (
        log_line(f"langgraph-api-1  | {line}\n")
        == "langgraph-api-1  | 09:30:03 info    Worker started"
    )
    assert log_line(line) == "09:30:03 info    Worker started"
    assert message(line) == "Worker started"
    assert message('{"event": "Lost", "level": "error"}') == "error: Lost"


@pytest.mark.parametrize("line", ["plain", "a | b", "x | {broken", "x | [1]", 'x | {"a": 1}', ""])
def test_other_lines_are_left_alone(line: str) -> None:
    assert log_line(line) == line


def test_the_cause_of_a_failed_build_is_what_was_said_last() -> None:
    log = (
        "#7 [3/8] RUN apt-get install nothing\n"
        "#7 1.21 E: Unable to locate package nothing\n"
        "#7 ERROR: executor failed running [/bin/sh -c apt-get install nothing]: exit code: 100\n"
        "------\n > [3/8] RUN apt-get install nothing:\n"
        "#7 1.21 E: Unable to locate package nothing\n"
        "------\nERROR: failed to solve: executor failed running\n"
    )
    assert build_cause(log) == "E: Unable to locate package nothing"
    assert build_cause("") == "it says nothing"
