"""What Docker tells of the stack as it happens, and what is heard when it stops telling."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from course_helpers.stack.containers import Service
from course_helpers.stack.follow import LogFollower, StackWatch
from course_helpers.stack.logs import LogLine
from tests.unit.fake_engine import FakeEngine, frames

TIMEOUT = 10.0  # seconds
API = "langgraph-api"


class Told:
    """What was heard, and a way to wait for it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self._changed = threading.Condition()

    def hear(self, *what: Any) -> None:
        with self._changed:
            self.heard.append(what[0] if what else None)
            self._changed.notify_all()

    def wait(self, number: int) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= number, TIMEOUT), self.heard
        return self.heard


def held(*pieces: bytes, until: threading.Event) -> Iterator[bytes]:
    """Yield pieces, and then nothing until told."""
    yield from pieces
    until.wait(TIMEOUT)


def event(action: str) -> bytes:
    return json.dumps({"Type": "container", "Action": action}).encode() + b"\n"


@pytest.fixture
def ending() -> Iterator[threading.Event]:
    """Yield what ends the engine's stream; set in the end."""
    ending = threading.Event()
    yield ending
    ending.set()


def running(container: str = "c1", started: str = "2026-03-04T09:00:00.123456789Z") -> Service:
    return Service(API, container, "image", "running", started=started)


def query(engine: FakeEngine, path: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit([asked for asked in engine.asked if path in asked][-1]).query)


class TestWatch:
    def test_each_change_is_heard_and_then_the_end(
        self, engine: FakeEngine, ending: threading.Event
    ) -> None:
        engine.on("GET /events", held(event("start"), event("die"), until=ending))
        changes, ended = Told(), Told()
        StackWatch("course", changes.hear, ended.hear)
        assert len(changes.wait(3)) == 3  # and once when it begins to listen
        assert ended.heard == []
        ending.set()
        ended.wait(1)
        filters = json.loads(query(engine, "/events")["filters"][0])
        assert filters["label"] == ["com.docker.compose.project=course"]
        assert {"die", "health_status"} <= set(filters["event"])

    def test_who_closes_hears_no_end(self, engine: FakeEngine, ending: threading.Event) -> None:
        engine.on("GET /events", held(event("start"), until=ending))
        changes, ended = Told(), Told()
        watch = StackWatch("course", changes.hear, ended.hear)
        changes.wait(2)
        watch.close()
        watch._listener._thread.join(TIMEOUT)
        assert not watch._listener.listening
        assert ended.heard == []

    def test_without_an_engine_the_end_is_heard_at_once(self, engine: FakeEngine) -> None:
        engine.on("GET /version", (500, {"message": "broken"}))
        ended = Told()
        watch = StackWatch("course", lambda: None, ended.hear)
        ended.wait(1)
        watch.close()

    def test_an_engine_that_breaks_off_is_the_end(self, engine: FakeEngine) -> None:
        def break_off(handler: Any) -> None:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            handler.wfile.write(b"%x\r\n%s\r\nff\r\n{" % (len(event("die")), event("die")))
            handler.close_connection = True

        engine.on("GET /events", break_off)
        changes, ended = Told(), Told()
        StackWatch("course", changes.hear, ended.hear)
        changes.wait(2)
        ended.wait(1)


class TestLogs:
    @pytest.fixture
    def engine(self, engine: FakeEngine) -> FakeEngine:
        engine.on("GET /containers/c1/json", (200, {"Config": {"Tty": False}}))
        return engine

    def test_lines_are_heard_as_they_come(
        self, engine: FakeEngine, ending: threading.Event
    ) -> None:
        pieces = frames("one\ntw", "o\n", "three\n")
        engine.on("GET /containers/c1/logs", held(*pieces, until=ending))
        lines = Told()
        follower = LogFollower(lines.hear)
        follower.follow([running()])
        assert lines.wait(3) == [LogLine(API, text) for text in ("one", "two", "three")]
        assert query(engine, "/logs")["tail"] == ["200"]
        follower.follow([running()])  # it is followed already
        assert len([asked for asked in engine.asked if "/logs" in asked]) == 1
        follower.close()
        follower._listeners["c1"]._thread.join(TIMEOUT)
        assert not follower._listeners["c1"].listening

    def test_after_a_restart_only_what_is_new(self, engine: FakeEngine) -> None:
        engine.on("GET /containers/c1/logs", frames("before\n"))
        lines = Told()
        follower = LogFollower(lines.hear)
        follower.follow([running()])
        lines.wait(1)
        follower._listeners["c1"]._thread.join(TIMEOUT)
        engine.on("GET /containers/c1/logs", frames("after\n"))
        follower.follow([running(started="2026-03-04T09:00:05.5Z")])
        lines.wait(2)
        asked = query(engine, "/logs")
        assert asked["since"] == ["1772614805.5"]
        assert asked["tail"] == ["all"]

    def test_a_container_that_is_gone_is_passed_over(self, engine: FakeEngine) -> None:
        follower = LogFollower(lambda line: None)
        follower.follow([running("gone")])
        follower._listeners["gone"]._thread.join(TIMEOUT)
        assert not follower._listeners["gone"].listening
