"""A second run on a busy thread: what each strategy makes of both."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from langgraph_sdk.errors import ConflictError

from tests.conformance.support import Held, Server, until


async def second(server: Server, held: Held, **options: Any) -> str:
    """Make a run on a thread that is held, and return its id."""
    run = await server.client.runs.create(
        held.thread_id, "held", input={"name": "second", "gate": ""}, **options
    )
    return run["run_id"]


def done(name: str) -> list[str]:
    return [f"{name} before", f"{name} held", f"{name} after"]


async def test_reject_answers_409_and_leaves_the_first_run_alone(server: Server) -> None:
    held = await server.hold(await server.thread())
    with pytest.raises(ConflictError):
        await second(server, held, multitask_strategy="reject")
    assert len(await server.client.runs.list(held.thread_id)) == 1
    assert await held.release() == "success"
    assert await server.log(held.thread_id) == done("first")


async def test_reject_runs_on_a_thread_that_is_idle(server: Server) -> None:
    thread_id = await server.ran()
    values = await server.run(thread_id, "counter", {"log": ["again"]}, multitask_strategy="reject")
    assert values["count"] == 4


async def test_enqueue_runs_the_second_after_the_first(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="enqueue")
    assert await server.status(held.thread_id, run_id) == "pending"
    assert await held.release() == "success"
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.log(held.thread_id) == done("first") + done("second")


async def test_the_default_is_to_enqueue(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held)
    other = await server.ran()  # the server works meanwhile
    assert len(await server.log(other)) == 3
    assert await server.status(held.thread_id, run_id) == "pending"
    assert await held.release() == "success"
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.log(held.thread_id) == done("first") + done("second")


async def test_enqueued_runs_keep_their_order(server: Server) -> None:
    held = await server.hold(await server.thread())
    runs = [
        await server.client.runs.create(held.thread_id, "held", input={"name": n, "gate": ""})
        for n in ("a", "b", "c")
    ]
    await held.release()
    for run in runs:
        assert await server.ended(held.thread_id, run["run_id"]) == "success"
    log = await server.log(held.thread_id)
    assert log == [*done("first"), *done("a"), *done("b"), *done("c")]


async def test_an_enqueued_run_starts_after_one_that_failed(server: Server) -> None:
    held = await server.hold(await server.thread())
    failing = await server.client.runs.create(held.thread_id, "failing", input={"fail": True})
    run_id = await second(server, held)
    await held.release()
    assert await server.ended(held.thread_id, failing["run_id"]) == "error"
    assert await server.ended(held.thread_id, run_id) == "success"


async def test_threads_do_not_wait_for_each_other(server: Server) -> None:
    one, two = await asyncio.gather(
        server.hold(await server.thread(), "one"), server.hold(await server.thread(), "two")
    )
    assert await two.release() == "success"
    assert await server.status(one.thread_id, one.run_id) == "running"
    assert await one.release() == "success"


async def test_a_stream_of_an_enqueued_run_waits_for_its_turn(server: Server) -> None:
    held = await server.hold(await server.thread())
    streamed = asyncio.create_task(
        server.run(held.thread_id, "held", {"name": "second", "gate": ""})
    )
    await until(lambda: _count_is(server, held.thread_id, 2))
    assert not streamed.done()
    await held.release()
    assert (await streamed)["log"] == done("first") + done("second")


async def test_interrupt_ends_the_first_run_as_interrupted(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="interrupt")
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.ended(held.thread_id, held.run_id) == "interrupted"


async def test_interrupt_keeps_what_the_first_run_has_done(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="interrupt")
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.log(held.thread_id) == ["first before", *done("second")]


async def test_after_an_interrupt_the_thread_is_idle(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="interrupt")
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.settled(held.thread_id) == "idle"


async def test_interrupt_also_ends_runs_that_wait_in_the_queue(server: Server) -> None:
    held = await server.hold(await server.thread())
    queued = await server.client.runs.create(
        held.thread_id, "held", input={"name": "queued", "gate": ""}
    )
    run_id = await second(server, held, multitask_strategy="interrupt")
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.ended(held.thread_id, queued["run_id"]) == "interrupted"
    assert await server.log(held.thread_id) == ["first before", *done("second")]


async def test_rollback_deletes_the_first_run(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="rollback")
    assert await server.ended(held.thread_id, run_id) == "success"
    runs = await server.client.runs.list(held.thread_id)
    assert [run["run_id"] for run in runs] == [run_id]


async def test_rollback_undoes_what_the_first_run_has_done(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="rollback")
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.log(held.thread_id) == done("second")


async def test_rollback_deletes_the_first_runs_checkpoints(server: Server) -> None:
    held = await server.hold(await server.thread())
    run_id = await second(server, held, multitask_strategy="rollback")
    assert await server.ended(held.thread_id, run_id) == "success"
    history = await server.client.threads.get_history(held.thread_id)
    assert {state["metadata"]["run_id"] for state in history} == {run_id}


async def test_rollback_keeps_what_was_there_before_the_first_run(server: Server) -> None:
    held = await server.hold(await server.ran("held", {"name": "kept", "gate": ""}))
    run_id = await second(server, held, multitask_strategy="rollback")
    assert await server.ended(held.thread_id, run_id) == "success"
    assert await server.log(held.thread_id) == done("kept") + done("second")


async def test_many_runs_made_at_once_on_a_thread_run_one_after_the_other(
    server: Server,
) -> None:
    thread_id = await server.thread()
    names = [uuid.uuid4().hex[:4] for _ in range(8)]
    await asyncio.gather(
        *(server.run(thread_id, "held", {"name": name, "gate": ""}) for name in names)
    )
    log = await server.log(thread_id)
    runs = [log[i : i + 3] for i in range(0, len(log), 3)]
    assert sorted(runs) == sorted(done(name) for name in names)


async def test_of_many_runs_made_at_once_with_reject_one_runs(server: Server) -> None:
    thread_id, gate = await server.thread(), uuid.uuid4().hex
    body = {
        "assistant_id": "held",
        "input": {"name": "one", "gate": gate},
        "multitask_strategy": "reject",
    }
    answers = await asyncio.gather(
        *(server.http.post(f"/threads/{thread_id}/runs", json=body) for _ in range(8))
    )
    await server.client.store.put_item(["open"], gate, {"open": True})
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert await server.settled(thread_id) == "idle"
    assert await server.log(thread_id) == done("one")


async def _count_is(server: Server, thread_id: str, count: int) -> bool:
    return len(await server.client.runs.list(thread_id)) == count
