"""Webhooks: what a server posts when a run has ended."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from tests.conformance.support import Server

START = {"log": ["start"]}


async def posted(server: Server, graph: str, input: Any, **options: Any) -> dict[str, Any]:
    """Run and return what the receiver got."""
    path = f"/{uuid.uuid4().hex}"
    await server.run(None, graph, input, webhook=f"{server.receiver.url}{path}", **options)
    return await server.receiver.next(path)


async def test_a_webhook_gets_the_status_and_the_values(server: Server) -> None:
    path, thread_id = f"/{uuid.uuid4().hex}", await server.thread()
    run = await server.client.runs.create(
        thread_id, "counter", input=START, webhook=f"{server.receiver.url}{path}"
    )
    body = await server.receiver.next(path)
    assert (body["run_id"], body["thread_id"]) == (run["run_id"], thread_id)
    assert (body["status"], body["values"]["count"]) == ("success", 2)


async def test_a_webhook_gets_the_runs_metadata_and_times(server: Server) -> None:
    body = await posted(server, "counter", START, metadata={"origin": "test"})
    assert body["metadata"]["origin"] == "test"
    assert body["run_started_at"] < body["run_ended_at"] <= body["webhook_sent_at"]


async def test_a_webhook_gets_the_error_of_a_failing_run(server: Server) -> None:
    # Several at once: who waits for such a run deletes it, and its webhook must still be told.
    runs = [posted(server, "failing", {"fail": True}) for _ in range(10)]
    for body in await asyncio.gather(*runs):
        assert body["status"] == "error"
        assert "the node is broken" in str(body["error"])


async def test_a_webhook_is_called_for_a_run_that_asks(server: Server) -> None:
    path, thread_id = f"/{uuid.uuid4().hex}", await server.thread()
    await server.run(thread_id, "approval", {"log": []}, webhook=f"{server.receiver.url}{path}")
    body = await server.receiver.next(path)
    assert (body["status"], body["values"]["draft"]) == ("success", "Dear all")


async def test_a_webhook_is_called_for_a_cancelled_run(server: Server) -> None:
    path = f"/{uuid.uuid4().hex}"
    held = await server.hold(await server.thread(), webhook=f"{server.receiver.url}{path}")
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True)
    assert (await server.receiver.next(path))["status"] == "interrupted"


async def test_a_webhook_that_nobody_answers_does_not_harm_the_run(server: Server) -> None:
    thread_id = await server.thread()
    dead = f"{server.receiver.url.rpartition(':')[0]}:9/x"
    values = await server.run(thread_id, "counter", START, webhook=dead)
    assert values["count"] == 2
    [run] = await server.client.runs.list(thread_id)
    assert run["status"] == "success"


async def test_a_webhook_that_is_no_address_is_refused(server: Server) -> None:
    body = {"assistant_id": "counter", "input": START, "webhook": "http://"}
    assert (await server.http.post("/runs", json=body)).status_code == 422
