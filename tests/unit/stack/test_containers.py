"""The stack's containers as plain data, from what an engine says of them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from course_helpers.core import docker
from course_helpers.core.errors import DockerError, ServerError
from course_helpers.core.processes import NOT_STARTED, TOO_SLOW
from course_helpers.stack import lifecycle
from course_helpers.stack.containers import (
    execute,
    find_services,
    last_death,
    read_environment,
    read_log,
    run_alone,
)
from tests.unit.fake_engine import FakeEngine, Handler, frames, raw

API = "langgraph-api"


def container(engine: FakeEngine, id_: str, created: str, **state: Any) -> None:
    """Give the engine one more container of the project."""
    facts = {
        "Id": id_,
        "Created": created,
        "RestartCount": 0,
        "Config": {"Image": "image", "Labels": {"com.docker.compose.service": API}},
        "HostConfig": {"Memory": 1024},
        "State": {
            **{"Status": "running", "ExitCode": 0, "OOMKilled": False},
            **{"StartedAt": "2026-03-04T09:00:00Z", **state},
        },
    }
    engine.on(f"GET /containers/{id_}/json", (200, facts))


def test_of_two_containers_of_a_service_the_newer_counts(engine: FakeEngine) -> None:
    container(engine, "old", "2026-03-04T08:00:00Z", Status="exited", ExitCode=1)
    container(engine, "new", "2026-03-04T09:00:00Z", Health={"Status": "healthy"})
    engine.on("GET /containers/json", (200, [{"Id": "new"}, {"Id": "old"}, {"Id": "gone"}]))
    (service,) = find_services("course")
    assert (service.container, service.ready, service.memory_limit) == ("new", True, 1024)


def end(code: int) -> dict[str, Any]:
    return {"Action": "die", "Actor": {"Attributes": {"exitCode": str(code)}}}


@pytest.mark.parametrize(
    ("events", "death"),
    [
        ([], (0, False)),
        ([end(1), end(3)], (3, False)),
        ([{"Action": "oom"}, end(137)], (137, True)),
        ([end(137), {"Action": "oom"}], (137, True)),
        ([{"Action": "oom"}, end(137), end(1)], (1, False)),
    ],
)
def test_how_a_container_ended_last(
    events: list[dict[str, Any]], death: tuple[int, bool], engine: FakeEngine
) -> None:
    engine.on("GET /info", (200, {"SystemTime": "2026-03-04T09:00:00Z"}))
    engine.on("GET /events", [json.dumps(event).encode() + b"\n" for event in events])
    with docker.client() as client:
        assert last_death(client, "x") == death


@pytest.mark.parametrize("status", [404, 409])  # 409: "dead or marked for removal"
def test_a_container_that_is_gone_has_printed_nothing(status: int, engine: FakeEngine) -> None:
    engine.on("(GET|POST) /containers/gone/", (status, {"message": "it is gone"}))
    assert read_log("gone") == ""
    assert execute("gone", ["true"]).code == NOT_STARTED
    assert read_environment("gone") == []


class TestCommands:
    @pytest.fixture
    def engine(self, engine: FakeEngine) -> FakeEngine:
        engine.on("POST /containers/c1/exec", (201, {"Id": "x"}))
        engine.on("GET /exec/x/json", (200, {"ExitCode": 3}))
        return engine

    def test_what_a_command_says_and_how_it_ends(self, engine: FakeEngine) -> None:
        said = raw(*frames("out\n"), *frames("err\n", stream=2))
        engine.on("POST /exec/x/start", said)
        assert execute("c1", ["psql"]) == (3, "out", "err")
        with docker.client() as client:  # why the library's own method is not used
            assert client.api.exec_start("x", demux=True) == (None, None)

    def test_one_that_does_not_end_is_not_waited_for(self, engine: FakeEngine) -> None:
        engine.on("POST /exec/x/start", lambda _: time.sleep(5))
        began = time.monotonic()
        assert execute("c1", ["psql"], timeout=0.2) == (TOO_SLOW, "", "no answer within 0.2 s")
        assert time.monotonic() - began < 3

    def test_an_engine_that_goes_away_is_not_a_slow_command(self, engine: FakeEngine) -> None:
        def go_away(handler: Handler) -> None:
            handler.close_connection = True

        engine.on("POST /exec/x/start", go_away)
        with pytest.raises(DockerError, match="no engine answers"):
            execute("c1", ["psql"])

    def test_a_container_of_its_own_is_removed_also_when_it_is_too_slow(
        self, engine: FakeEngine
    ) -> None:
        container(engine, "c1", "2026-03-04T09:00:00Z")
        engine.on("POST /containers/create", (201, {"Id": "c1"}))
        engine.on("POST /containers/c1/start", (204, None))
        engine.on("POST /containers/c1/wait", lambda _: time.sleep(5))
        engine.on("DELETE /containers/c1", (204, None))
        assert run_alone("image", ["sh", "-c", "sleep 9"], timeout=0.2).code == TOO_SLOW
        assert [asked for asked in engine.asked if asked.startswith("DELETE /containers/c1")]


def test_a_command_in_a_service_that_does_not_run(engine: FakeEngine) -> None:
    container(engine, "c1", "2026-03-04T09:00:00Z", Status="exited")
    engine.on("GET /containers/json", (200, [{"Id": "c1"}]))
    with pytest.raises(ServerError, match=f'exec` failed: service "{API}" is not running'):
        lifecycle.run_in(API, "true")
    container(engine, "c1", "2026-03-04T09:00:00Z")  # and then it is gone
    with pytest.raises(ServerError, match=f'exec` failed: service "{API}" is not running'):
        lifecycle.run_in(API, "true")
