"""Runs: how they are made, awaited, listed, cancelled and deleted."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from langgraph_sdk.errors import NotFoundError

from tests.conformance.support import Server, until

START = {"log": ["start"]}
DONE = {"log": ["start", "first", "second"], "count": 2}


async def test_waiting_for_a_run_gives_its_values(server: Server) -> None:
    assert await server.client.runs.wait(await server.thread(), "counter", input=START) == DONE


async def test_waiting_for_a_stateless_run_gives_its_values(server: Server) -> None:
    assert await server.client.runs.wait(None, "counter", input=START) == DONE


async def test_waiting_for_a_failing_run_raises_its_error(server: Server) -> None:
    with pytest.raises(Exception, match="ValueError: the node is broken"):
        await server.client.runs.wait(await server.thread(), "failing", input={"fail": True})


async def test_waiting_for_a_failing_run_may_give_its_error(server: Server) -> None:
    answer = await server.client.runs.wait(
        await server.thread(), "failing", input={"fail": True}, raise_error=False
    )
    error = answer["__error__"]
    assert (error["error"], error["message"]) == ("ValueError", "the node is broken")


async def test_a_new_run_is_pending(server: Server) -> None:
    thread_id = await server.thread()
    run = await server.client.runs.create(thread_id, "counter", input=START)
    assert (run["status"], run["thread_id"]) == ("pending", thread_id)


async def test_a_run_that_works_is_running(server: Server) -> None:
    held = await server.hold(await server.thread())
    assert await server.status(held.thread_id, held.run_id) == "running"
    assert await held.release() == "success"


async def test_a_run_that_fails_has_the_status_error(server: Server) -> None:
    thread_id = await server.ran("failing", {"fail": True})
    [run] = await server.client.runs.list(thread_id)
    assert run["status"] == "error"


async def test_a_run_has_the_fields_that_clients_expect(server: Server) -> None:
    run = await server.client.runs.create(await server.thread(), "counter", input=START)
    assert {
        "assistant_id",
        "created_at",
        "kwargs",
        "metadata",
        "multitask_strategy",
        "run_id",
        "status",
        "thread_id",
        "updated_at",
    } <= run.keys()


async def test_a_client_is_told_at_once_which_run_it_made(server: Server) -> None:
    thread_id, told = await server.thread(), []
    await server.run(thread_id, "counter", START, on_run_created=told.append)
    [run] = await server.client.runs.list(thread_id)
    assert told == [{"run_id": run["run_id"], "thread_id": thread_id}]


async def test_runs_are_listed_newest_first(server: Server) -> None:
    thread_id = await server.thread()
    made = [
        (await server.client.runs.create(thread_id, "counter", input=START))["run_id"]
        for _ in range(3)
    ]
    runs = await server.client.runs.list(thread_id)
    assert [run["run_id"] for run in runs] == made[::-1]


async def test_listed_runs_may_be_paged_and_filtered_by_status(server: Server) -> None:
    held = await server.hold(await server.thread())
    made = [
        (await server.client.runs.create(held.thread_id, "counter", input={}))["run_id"]
        for _ in range(3)
    ]
    runs = await server.client.runs.list(held.thread_id, status="pending", limit=1, offset=1)
    await held.release()
    assert [run["run_id"] for run in runs] == [made[1]]


async def test_listed_runs_may_have_selected_fields_only(server: Server) -> None:
    thread_id = await server.ran()
    [run] = await server.client.runs.list(thread_id, select=["run_id", "status"])
    assert run.keys() == {"run_id", "status"}


async def test_a_run_can_be_joined_for_its_values(server: Server) -> None:
    held = await server.hold(await server.thread(), "ann")
    joined = asyncio.create_task(server.client.runs.join(held.thread_id, held.run_id))
    await held.release()
    assert (await joined)["log"] == ["ann before", "ann held", "ann after"]


async def test_a_run_that_is_done_can_be_joined_too(server: Server) -> None:
    thread_id = await server.ran()
    [run] = await server.client.runs.list(thread_id)
    assert await server.client.runs.join(thread_id, run["run_id"]) == DONE


async def test_a_run_that_streams_no_values_is_joined_for_them(server: Server) -> None:
    thread_id = await server.thread()
    run = await server.client.runs.create(
        thread_id, "counter", input=START, stream_mode=["updates"]
    )
    assert await server.client.runs.join(thread_id, run["run_id"]) == DONE


async def test_a_cancelled_run_is_joined_for_what_it_has_done(server: Server) -> None:
    held = await server.hold(await server.thread(), "ann")
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True)
    assert await server.ended(held.thread_id, held.run_id) == "interrupted"
    values = await server.client.runs.join(held.thread_id, held.run_id)
    assert values["log"] == ["ann before"]


async def test_a_deleted_run_is_gone(server: Server) -> None:
    thread_id = await server.ran()
    [run] = await server.client.runs.list(thread_id)
    await server.client.runs.delete(thread_id, run["run_id"])
    with pytest.raises(NotFoundError):
        await server.client.runs.get(thread_id, run["run_id"])
    assert await server.client.runs.list(thread_id) == []


async def test_a_deleted_runs_checkpoints_are_gone_too(server: Server) -> None:
    thread_id = await server.ran()
    [run] = await server.client.runs.list(thread_id)
    await server.client.runs.delete(thread_id, run["run_id"])
    assert await server.client.threads.get_history(thread_id) == []


async def test_a_cancelled_run_is_interrupted_and_keeps_its_steps(server: Server) -> None:
    held = await server.hold(await server.thread(), "ann")
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True)
    assert await server.ended(held.thread_id, held.run_id) == "interrupted"
    assert await server.log(held.thread_id) == ["ann before"]


async def test_a_cancelled_run_can_be_continued(server: Server) -> None:
    held = await server.hold(await server.thread(), "ann")
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True)
    await held.open()
    await server.run(held.thread_id, "held", None)
    assert await server.log(held.thread_id) == ["ann before", "ann held", "ann after"]


async def test_a_thread_whose_run_was_cancelled_is_not_busy(server: Server) -> None:
    held = await server.hold(await server.thread())
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True)
    assert await server.settled(held.thread_id) == "interrupted"
    assert (await server.client.threads.get_state(held.thread_id))["next"] == ["hold"]


async def test_cancelling_without_waiting_is_accepted_at_once(server: Server) -> None:
    held = await server.hold(await server.thread())
    answer = await server.http.post(f"/threads/{held.thread_id}/runs/{held.run_id}/cancel")
    assert answer.status_code == 202
    assert await server.ended(held.thread_id, held.run_id) == "interrupted"


async def test_a_run_cancelled_with_rollback_is_gone(server: Server) -> None:
    held = await server.hold(await server.thread())
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True, action="rollback")
    await until(lambda: _is_gone(server, held.thread_id, held.run_id))


async def test_a_rolled_back_runs_checkpoints_are_gone_too(server: Server) -> None:
    thread_id = await server.ran("held", {"name": "kept"})
    kept = await server.client.threads.get_history(thread_id)
    held = await server.hold(thread_id, "undone")
    await server.client.runs.cancel(thread_id, held.run_id, wait=True, action="rollback")
    await until(lambda: _is_gone(server, thread_id, held.run_id))
    history = await server.client.threads.get_history(thread_id)
    assert [s["checkpoint"] for s in history] == [s["checkpoint"] for s in kept]
    assert await server.log(thread_id) == ["kept before", "kept held", "kept after"]


async def test_a_pending_run_can_be_cancelled(server: Server) -> None:
    held = await server.hold(await server.thread(), "ann")
    pending = await server.client.runs.create(held.thread_id, "held", input={"name": "bob"})
    await server.client.runs.cancel(held.thread_id, pending["run_id"])
    assert await server.status(held.thread_id, pending["run_id"]) == "interrupted"
    assert await held.release() == "success"
    assert await server.log(held.thread_id) == ["ann before", "ann held", "ann after"]


async def test_several_runs_can_be_cancelled_at_once(server: Server) -> None:
    held = await server.hold(await server.thread())
    pending = await server.client.runs.create(held.thread_id, "held", input={"name": "bob"})
    run_ids = [held.run_id, pending["run_id"]]
    await server.client.runs.cancel_many(thread_id=held.thread_id, run_ids=run_ids)
    ended = [await server.ended(held.thread_id, run_id) for run_id in run_ids]
    assert ended == ["interrupted", "interrupted"]


async def test_a_batch_makes_stateless_runs(server: Server) -> None:
    payloads: Any = [
        {"assistant_id": "counter", "input": START, "metadata": {"number": n}} for n in (1, 2)
    ]
    runs = await server.client.runs.create_batch(payloads)
    assert [run["metadata"]["number"] for run in runs] == [1, 2]
    assert len({run["thread_id"] for run in runs}) == 2


async def test_a_batchs_runs_are_carried_out(server: Server) -> None:
    key = uuid.uuid4().hex
    payloads: Any = [{"assistant_id": "memory", "input": _remember(key)}]
    await server.client.runs.create_batch(payloads)
    await until(lambda: server.stored("conformance", key))


async def test_a_stateless_run_leaves_no_thread(server: Server) -> None:
    run = await server.client.runs.create(None, "counter", input=START)
    path = f"/threads/{run['thread_id']}"

    async def gone() -> bool:
        return (await server.http.get(path)).status_code == 404

    await until(gone)


async def test_a_run_on_an_unknown_thread_is_404(server: Server) -> None:
    with pytest.raises(NotFoundError):
        await server.client.runs.create(str(uuid.uuid4()), "counter", input=START)


async def test_fifty_stateless_runs_at_once_all_succeed(server: Server) -> None:
    waits = [server.client.runs.wait(None, "counter", input=START) for _ in range(50)]
    assert await asyncio.gather(*waits) == [DONE] * 50


def _remember(key: str) -> dict[str, Any]:
    return {"namespace": ["conformance"], "key": key, "write": {"seen": True}}


async def _is_gone(server: Server, thread_id: str, run_id: str) -> bool:
    return await server.status(thread_id, run_id) == "gone"
