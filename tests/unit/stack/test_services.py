"""The services of the stack: listed, their exits, and waiting until they settle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from course_helpers import container_environment
from course_helpers.core.errors import DockerError, ServerError
from course_helpers.core.processes import Answer
from course_helpers.stack import compose, services
from course_helpers.stack.compose import API, POSTGRES, REDIS
from course_helpers.stack.services import read_exit, wait_until_settled
from tests.unit.stack.stack_backend import service, started


def test_what_docker_does_not_tell_is_a_sentence(
    program: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("docker", "echo 'the engine is gone' >&2; exit 1")
    monkeypatch.setattr(compose, "container_of", lambda service: "id")
    with pytest.raises(DockerError):
        container_environment("langgraph-redis")


@pytest.mark.usefixtures("docker")
def test_services_of_either_version_of_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    api: dict[str, Any] = {
        "Service": "langgraph-api",
        "State": "running",
        "Health": "healthy",
        "ExitCode": 0,
        "Publishers": [
            {"URL": "127.0.0.1", "TargetPort": 8000, "PublishedPort": 8123, "Protocol": "tcp"}
        ],
    }
    redis = {
        "Service": "langgraph-redis",
        "State": "exited",
        "Health": "",
        "ExitCode": 1,
        "Publishers": None,
    }
    expected = [
        {
            "service": "langgraph-api",
            "state": "running",
            "health": "healthy",
            "on this computer": "http://127.0.0.1:8123",
        },
        {
            "service": "langgraph-redis",
            "state": "exited (1)",
            "health": "",
            "on this computer": "",
        },
    ]
    lines, array = "\n".join(map(json.dumps, [redis, api])), json.dumps([redis, api])
    for said, found in ((lines, expected), (array, expected), ("", []), ("[]", [])):
        monkeypatch.setattr(services, "run_compose", lambda *_, said=said, **__: Answer(0, said))
        assert services.list_services() == found


KILLED = {"state": "exited", "exit_code": 137}


def test_an_exit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    dead = [service(POSTGRES, **KILLED), service(API, **KILLED, out_of_memory=True), service(REDIS)]
    monkeypatch.setattr(services, "services", lambda: dead)
    assert repr(read_exit(POSTGRES)) == f"{POSTGRES} ended with code 137, not by its memory limit"
    assert repr(read_exit(API)) == f"{API} ended with code 137, it had reached its memory limit"
    assert f"docker compose ps --all -q {API})" in capsys.readouterr().out
    with pytest.raises(ServerError, match="has not ended: it is healthy"):
        read_exit(REDIS)
    monkeypatch.setattr(services, "services", list)
    with pytest.raises(ServerError, match="has no container"):
        read_exit(API)


@pytest.mark.parametrize(
    "moving",
    [{"health": "starting"}, {"state": "restarting", "exit_code": 1}, {"state": "created"}],
)
def test_a_stack_settles(monkeypatch: pytest.MonkeyPatch, moving: dict[str, Any]) -> None:
    monkeypatch.setattr(services, "_POLL", 0)
    ends: list[dict[str, Any]] = [{}, KILLED, {"health": "unhealthy"}, {"health": ""}]
    for end in ends:
        looks = [[service(API, **moving)], [service(API, **moving)], [service(API, **end)]]
        monkeypatch.setattr(services, "services", lambda looks=looks: looks.pop(0))
        wait_until_settled()
        assert looks == []
    monkeypatch.setattr(services, "services", lambda: [service(API, **moving)])
    with pytest.raises(ServerError, match=f"{API} is still"):
        wait_until_settled(timeout=0)


def test_a_server_that_starts_is_not_waited_for_when_its_database_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "_POLL", 0)
    starting, dead = service(API, health="starting"), service(POSTGRES, **KILLED)
    looks = [
        [starting, service(POSTGRES, health="starting")],
        [starting, service(POSTGRES, state="restarting", exit_code=1)],
        [service(API, state="restarting", exit_code=1), dead],
        [starting, dead],
    ]
    monkeypatch.setattr(services, "services", lambda: looks.pop(0))
    wait_until_settled()
    assert looks == []


def test_the_services_are_those_of_the_compose_file() -> None:
    assert {service.name for service in started()} == {API, POSTGRES, REDIS}
