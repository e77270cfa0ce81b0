"""Lines of the stack's logs: cut, cleaned, filtered, and found by their run."""

from __future__ import annotations

import pytest

from course_helpers.core.errors import ServerError
from course_helpers.stack import compose, logs
from course_helpers.stack.compose import API
from course_helpers.stack.logs import LONGEST, LogLine, LogLines, as_line, matches
from tests.unit.shared import EVIL_LINE
from tests.unit.stack.stack_backend import started


def test_lines_are_cut_cleaned_and_filtered() -> None:
    long = as_line("langgraph-api", "x" * 1_000_000)
    assert len(long.text) < LONGEST + 50
    assert long.text.endswith("… (1,000,000 characters)")
    assert as_line("langgraph-api", EVIL_LINE).text == "<script>alert(1)</script>"
    line = LogLine("langgraph-api", "Worker Started")
    assert matches(line)
    assert matches(line, "langgraph-api", "worker s")
    assert not matches(line, "langgraph-redis")
    assert not matches(line, "", "ended")
    assert repr(LogLines([line])) == "api      Worker Started"
    assert repr(LogLines()) == "no such line"


def test_a_runs_log_is_found_by_a_field_that_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    line = '{"event": "Worker picked up run", "level": "info", "timestamp": "2026-03-04T09:00:00Z"'
    log = f'{line}, "run_id": "one"}}\n{line}, "run_id": "two"}}\nplain text'
    monkeypatch.setattr(compose, "services", started)
    monkeypatch.setattr(logs, "read_log", lambda container, lines: log)
    assert list(map(str, logs.read_run_log("one"))) == [
        "api      09:00:00 info    Worker picked up run"
    ]
    monkeypatch.setattr(compose, "services", list)
    with pytest.raises(ServerError, match=f"{API} has no container"):
        logs.read_run_log("one")
