"""Crashes, for real: the server killed in the middle of a run, its databases stopped and started."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.errors import APIError

from tests.conformance.support import Server, until
from tests.docker.helpers import container_id, docker
from tests.docker.replicas import (
    NO_RECEIVER,
    connected,
    done,
    engine,
    other,
    replica,
    wait_until_ready,
)

PICKED_UP = 10.0  # seconds from a kill to another server's going on
ANSWERS = 10.0  # seconds from the start of Postgres to the server's answer; 1 to 2 are usual


@pytest.fixture(scope="module")
def url(made_images: None) -> Iterator[str]:
    with engine() as address:
        yield address


async def test_a_killed_servers_run_goes_on_elsewhere_from_its_checkpoint(url: str) -> None:
    with replica() as (dying, container):
        docker("pause", container_id("langgraph-api"))  # so that it is the other that has the run
        try:
            async with connected(dying) as [server]:
                held = await server.hold(await server.thread())
            docker("kill", container)
            killed = time.monotonic()
        finally:
            docker("unpause", container_id("langgraph-api"))
        async with connected(url) as [server]:
            moved = Server(server.url, server.client, server.http, NO_RECEIVER)
            await moved.client.store.delete_item(["reached"], held.gate)
            await until(lambda: moved.stored("reached", held.gate), within=2 * PICKED_UP)
            seconds = time.monotonic() - killed
            print(f"picked up {seconds:.1f} s after the kill")
            await moved.client.store.put_item(["open"], held.gate, {"open": True})
            assert await moved.ended(held.thread_id, held.run_id) == "success"
            assert await moved.log(held.thread_id) == done("first")  # `before` was not run twice
    assert seconds < PICKED_UP


@pytest.mark.parametrize("service", ["langgraph-redis", "langgraph-postgres"])
async def test_a_database_is_restarted_and_runs_go_on(url: str, service: str) -> None:
    async with connected(url) as [server]:
        held = await server.hold(await server.thread())
        waiting = await other(server, held.thread_id, "second")
        docker("restart", "--time", "10", container_id(service))
        wait_until_ready(url)
        await held.open()
        for run_id in (held.run_id, waiting):
            assert await server.ended(held.thread_id, run_id) == "success"
        log = await server.log(held.thread_id)
        assert log == [*done("first"), *done("second")]


async def test_a_server_does_not_wait_on_the_connections_of_a_postgres_that_was_killed(
    url: str,
) -> None:
    async with connected(url) as [server]:
        thread_id = await server.thread()
        states = [server.client.threads.get_state(thread_id) for _ in range(20)]
        await asyncio.gather(*states)  # many connections, all of which are to break
        docker("kill", container_id("langgraph-postgres"))
        docker("start", container_id("langgraph-postgres"))
        started = time.monotonic()
        wait_until_ready(url)
        await server.client.threads.get_state(thread_id)
        assert time.monotonic() - started < ANSWERS


async def test_what_was_refused_is_not_run_later(url: str) -> None:
    async with connected(url) as [server]:
        thread_id = await server.thread()
        docker("stop", "--time", "10", container_id("langgraph-postgres"))
        try:
            with pytest.raises((APIError, httpx.HTTPStatusError)):
                await other(server, thread_id, "refused")
        finally:
            docker("start", container_id("langgraph-postgres"))
        wait_until_ready(url)
        accepted = await other(server, thread_id, "accepted")
        assert await server.ended(thread_id, accepted) == "success"
        assert await server.log(thread_id) == done("accepted")


async def test_a_run_made_while_redis_is_down_runs_once(url: str) -> None:
    async with connected(url) as [server]:
        thread_id = await server.thread()
        docker("stop", "--time", "10", container_id("langgraph-redis"))
        try:
            run_id = await other(server, thread_id, "made")
            accepted = True
        except (APIError, httpx.HTTPStatusError):
            accepted = False
        finally:
            docker("start", container_id("langgraph-redis"))
        wait_until_ready(url)
        if accepted:
            assert await server.ended(thread_id, run_id) == "success"
        last = await other(server, thread_id, "last")
        assert await server.ended(thread_id, last) == "success"
        expected = [*done("made"), *done("last")] if accepted else done("last")
        assert await server.log(thread_id) == expected


async def test_enqueued_and_delayed_runs_survive_a_restart(url: str) -> None:
    async with connected(url) as [server]:
        held = await server.hold(await server.thread())
        enqueued = await other(server, held.thread_id, "enqueued")
        delayed_on = await server.thread()
        delayed = await server.client.runs.create(
            delayed_on, "held", input={"name": "delayed", "gate": ""}, after_seconds=20
        )
        docker("restart", "--time", "45", container_id("langgraph-api"))
        wait_until_ready(url)
    async with connected(url) as [server]:
        assert await server.status(delayed_on, delayed["run_id"]) == "pending"
        await server.client.store.put_item(["open"], held.gate, {"open": True})
        assert await server.ended(held.thread_id, enqueued) == "success"
        assert await server.log(held.thread_id) == [*done("first"), *done("enqueued")]
        async with asyncio.timeout(30):
            await get_client(url=url).runs.join(delayed_on, delayed["run_id"])
        assert await server.log(delayed_on) == done("delayed")
