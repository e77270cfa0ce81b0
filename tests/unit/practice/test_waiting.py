"""Waiting for a practice container, with a stand-in for Docker's engine."""

from __future__ import annotations

from typing import Any

import pytest

from course_helpers.core.errors import ServerError
from course_helpers.practice import waiting
from tests.unit.fake_engine import FakeEngine, frames, raw

NAME = "lesson-agent"
LOG = "engine: REDIS_URI is not set: the server has no queue. To fix it: make up."


def container(engine: FakeEngine, **facts: Any) -> None:
    """Give the engine this container."""
    engine.on(f"GET /containers/{NAME}/json", (200, {"Config": {"Tty": False}, **facts}))


def test_a_container_that_ended_is_not_waited_for(engine: FakeEngine) -> None:
    container(engine, State={"Status": "exited", "ExitCode": 1})
    engine.on(f"GET /containers/{NAME}/logs", frames(f"{LOG}\n"))
    with pytest.raises(ServerError, match="agent: REDIS_URI is not set"):
        waiting.wait_until_ready(NAME, "agent", lambda: False)


def test_nor_is_one_that_is_gone(engine: FakeEngine) -> None:
    with pytest.raises(ServerError, match="agent is removed, and its log does not say why"):
        waiting.wait_until_ready(NAME, "agent", lambda: False)


@pytest.mark.parametrize(
    ("ports", "address"),
    [
        ({"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}]}, "127.0.0.1:49153"),
        ({"8000/tcp": None}, ""),
        ({}, ""),
    ],
)
def test_where_a_port_is_found(ports: Any, address: str, engine: FakeEngine) -> None:
    container(engine, NetworkSettings={"Ports": ports})
    assert waiting.published(NAME, 8000) == address


def test_a_container_that_is_gone_has_no_port(engine: FakeEngine) -> None:
    assert waiting.published(NAME, 8000) == ""


@pytest.mark.parametrize(("code", "well"), [(0, True), (2, False)])
def test_what_a_command_in_it_answers(code: int, well: bool, engine: FakeEngine) -> None:
    engine.on(f"POST /containers/{NAME}/exec", (201, {"Id": "x"}))
    engine.on("POST /exec/x/start", raw(*frames("pong")))
    engine.on("GET /exec/x/json", (200, {"ExitCode": code}))
    assert waiting.answers(NAME, ("redis-cli", "ping")) is well


@pytest.mark.parametrize("status", [404, 409])
def test_one_that_is_gone_or_has_ended_does_not_answer(status: int, engine: FakeEngine) -> None:
    engine.on(f"POST /containers/{NAME}/exec", (status, {"message": "is not running"}))
    assert not waiting.answers(NAME, ("redis-cli", "ping"))
