"""The stack as a learner gets it: how it is sealed, and that it works."""

from __future__ import annotations

import json
import os

import httpx
import pytest
from langgraph_sdk import get_client

from course_helpers.core.processes import run
from course_helpers.server.memories import read_memories
from course_helpers.server.threads import list_threads, read_thread
from course_helpers.stack import compose, lifecycle
from tests.docker.helpers import USER, container_id, docker, inspect, say
from tests.docker.project import PROJECT


def test_only_the_server_can_be_reached_and_only_from_this_computer(running: str) -> None:
    published = {s.name: inspect(s.name)["NetworkSettings"]["Ports"] for s in compose.services()}
    assert [p for ports in published.values() for p in ports.values() if p] == [
        [{"HostIp": "127.0.0.1", "HostPort": os.environ["API_PORT"]}]
    ]
    assert published["langgraph-api"]["8000/tcp"]


@pytest.mark.parametrize("service", ["langgraph-api", "langgraph-postgres", "langgraph-redis"])
def test_a_container_can_do_no_more_than_it_must(running: str, service: str) -> None:
    found = inspect(service)
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    assert host["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "10m", "max-file": "3"},
    }
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert docker("exec", found["Id"], "id", "-u") != "0"
    write = run(["docker", "exec", found["Id"], "touch", "/usr/evil"], 30)
    assert "Read-only file system" in write.err


def test_the_databases_have_no_way_out(running: str) -> None:
    networks = json.loads(docker("network", "inspect", f"{PROJECT}_data"))
    assert networks[0]["Internal"]
    for service in ("langgraph-postgres", "langgraph-redis"):
        assert list(inspect(service)["NetworkSettings"]["Networks"]) == [f"{PROJECT}_data"]


def test_the_addresses_of_the_databases_come_in_pairs(running: str) -> None:
    environment = dict(line.split("=", 1) for line in inspect("langgraph-api")["Config"]["Env"])
    assert environment["DATABASE_URI"] == environment["POSTGRES_URI"]
    assert environment["REDIS_URI"] == environment["REDIS_URI_CUSTOM"]
    assert environment["DATABASE_URI"].startswith("postgresql://postgres:")
    assert "@langgraph-postgres:5432/task_maistro" in environment["DATABASE_URI"]


def test_no_database_takes_a_wrong_password(running: str) -> None:
    redis = container_id("langgraph-redis")
    assert "NOAUTH" in docker("exec", "--env", "REDISCLI_AUTH=", redis, "redis-cli", "keys", "*")
    wrong = "import psycopg; psycopg.connect('postgresql://postgres:x@langgraph-postgres/postgres')"
    answer = run(["docker", "exec", container_id("langgraph-api"), "python", "-c", wrong], 30)
    assert "password authentication failed" in answer.err


async def test_the_agent_remembers_and_the_helpers_see_it(running: str) -> None:
    client = get_client(url=running)
    thread_id = await say(client, "My name is Ada. Remind me to call Bob by Friday.")
    memories = await read_memories(client, USER)
    assert [todo["task"] for todo in memories.todos] == ["Call Bob"]
    assert memories.profile["name"] == "Ada"
    view = await read_thread(client, thread_id)
    assert view.status == "idle"
    assert len(view.checkpoints) >= 4
    opening = {thread.thread_id: thread.opening for thread in await list_threads(client)}
    assert opening[thread_id].startswith("My name is Ada")


async def test_tokens_come_one_by_one(running: str) -> None:
    client = get_client(url=running)
    thread = await client.threads.create()
    chunks = [
        event
        async for event in client.runs.stream(
            thread["thread_id"],
            "task_maistro",
            input={"messages": [{"role": "user", "content": "What is on my list?"}]},
            context={"user_id": "nobody"},
            stream_mode="messages-tuple",
        )
        if event.event == "messages"
    ]
    assert len(chunks) > 5


def test_the_server_says_what_it_is(running: str) -> None:
    info = httpx.get(f"{running}/info").json()
    assert (info["name"], info["version"]) == ("Aegra", "0.11.0")
    assert httpx.get(f"{running}/ok").json() == {"ok": True}
    assert {httpx.get(running + path).status_code for path in ("/health", "/ready")} == {404}
    assert "python_info" in httpx.get(f"{running}/metrics").text


def test_a_second_up_changes_nothing(running: str) -> None:
    before = [service.container for service in compose.services()]
    assert lifecycle.up() == running
    assert [service.container for service in compose.services()] == before


def test_idle_containers_are_small(running: str) -> None:
    ids = [service.container for service in compose.services()]
    assert len(ids) == 3
    form = "{{.Name}} {{.MemUsage}}"
    print(docker("stats", "--no-stream", "--format", form, *ids))
    for service in compose.services():
        percent = docker("stats", "--no-stream", "--format", "{{.MemPerc}}", service.container)
        assert float(percent.rstrip("%")) < 60
