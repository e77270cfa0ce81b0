"""What each step of a run costs a checkpointer: bytes and time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver

from course_helpers import stored_bytes, time_writes
from course_helpers.core.errors import CourseError
from tests.unit.lessons.checkpointed_run import CONFIG, STEPS, bytes_a_step


def test_memory_keeps_what_has_changed_and_sqlite_everything_at_each_step(tmp_path: Path) -> None:
    memory = bytes_a_step(InMemorySaver())
    with SqliteSaver.from_conn_string(str(tmp_path / "s.sqlite")) as saver:
        sqlite = bytes_a_step(saver)
    assert len(memory) == len(sqlite) == STEPS
    for sizes in (memory, sqlite):
        assert all(900 < after - before < 1100 for before, after in pairwise(sizes))
    assert all(19_900 < more - less < 20_400 for more, less in zip(sqlite, memory, strict=True))


def test_writes_that_come_late_do_not_count() -> None:
    in_time, late = InMemorySaver(), InMemorySaver()
    late.put_writes = lambda *_, **__: None  # type: ignore[method-assign]
    pairs = zip(bytes_a_step(late), bytes_a_step(in_time), strict=True)
    assert all(abs(less - more) < 50 for less, more in pairs)  # versions are of different lengths


def test_each_checkpoint_is_timed() -> None:
    saver = InMemorySaver()
    taken = time_writes(saver)
    bytes_a_step(saver)
    assert len(taken) == STEPS + 2  # the input, and the state before the first step
    assert len(list(saver.list(CONFIG))) == len(taken)
    assert all(0 < milliseconds < 1000 for milliseconds in taken)


def test_nothing_is_stored_at_first_and_other_checkpointers_are_refused(tmp_path: Path) -> None:
    assert stored_bytes(InMemorySaver()) == 0
    with SqliteSaver.from_conn_string(str(tmp_path / "s.sqlite")) as saver:
        saver.setup()
        assert stored_bytes(saver) == 0
    other: Any = object()
    with pytest.raises(CourseError, match="bytes of a object cannot be counted"):
        stored_bytes(other)


def test_what_a_graph_is_still_writing_is_waited_for(tmp_path: Path) -> None:
    counted: list[int] = []
    with SqliteSaver.from_conn_string(str(tmp_path / "s.sqlite")) as saver:
        saver.setup()
        with saver.lock:  # as a graph's thread holds it, which writes over the same connection
            counting = Thread(target=lambda: counted.append(stored_bytes(saver)))
            counting.start()
            counting.join(0.1)
            assert counted == []
        counting.join(10)
    assert counted == [0]
