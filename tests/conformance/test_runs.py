"""Runs: how they are made, awaited, listed, cancelled and deleted."""

from __future__ import annotations

import asyncio
import time
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


async def test_a_run_may_name_an_assistant_by_its_id(server: Server) -> None:
    made = await server.client.assistants.create("counter")
    thread_id = await server.thread()
    assert await server.run(thread_id, made["assistant_id"], START) == DONE
    [run] = await server.client.runs.list(thread_id)
    assert run["assistant_id"] == made["assistant_id"]


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


async def test_a_run_is_told_what_it_was_made_with(server: Server) -> None:
    thread_id = await server.thread()
    made = await server.client.runs.create(
        thread_id,
        "counter",
        input=START,
        metadata={"origin": "test"},
        config={"tags": ["tagged"]},
        multitask_strategy="reject",
        stream_mode=["updates", "values"],
        interrupt_before=["second"],
    )
    found = await server.client.runs.get(thread_id, made["run_id"])
    assert found["metadata"]["origin"] == "test"
    assert found["multitask_strategy"] == "reject"
    kwargs = found["kwargs"]
    assert (kwargs["input"], kwargs["config"]["tags"]) == (START, ["tagged"])
    assert kwargs["stream_mode"] == ["updates", "values"]
    assert kwargs["interrupt_before"] == ["second"]


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


async def test_a_runs_default_strategy_is_enqueue(server: Server) -> None:
    run = await server.client.runs.create(await server.thread(), "counter", input=START)
    assert run["multitask_strategy"] == "enqueue"


async def test_a_runs_metadata_reach_its_checkpoints(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, metadata={"origin": "test"})
    state = await server.client.threads.get_state(thread_id)
    assert state["metadata"]["origin"] == "test"


async def test_a_runs_metadata_may_be_nested(server: Server) -> None:
    run = await server.client.runs.create(
        await server.thread(), "counter", input=START, metadata={"deep": {"a": [1, 2]}}
    )
    assert run["metadata"]["deep"] == {"a": [1, 2]}


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


async def test_a_stateless_run_may_keep_its_thread(server: Server) -> None:
    run = await server.client.runs.create(None, "counter", input=START, on_completion="keep")
    assert await server.ended(run["thread_id"], run["run_id"]) == "success"
    assert await server.log(run["thread_id"]) == DONE["log"]


async def test_a_run_on_an_unknown_thread_is_404(server: Server) -> None:
    with pytest.raises(NotFoundError):
        await server.client.runs.create(str(uuid.uuid4()), "counter", input=START)


async def test_a_run_may_make_its_thread(server: Server) -> None:
    thread_id = str(uuid.uuid4())
    await server.run(thread_id, "counter", START, if_not_exists="create")
    assert await server.log(thread_id) == DONE["log"]


async def test_a_run_may_start_later(server: Server) -> None:
    thread_id = await server.thread()
    started = time.monotonic()
    run = await server.client.runs.create(thread_id, "counter", input=START, after_seconds=2)
    assert await server.ended(thread_id, run["run_id"]) == "success"
    assert time.monotonic() - started >= 2


async def test_a_run_that_starts_later_is_pending_until_then(server: Server) -> None:
    thread_id = await server.thread()
    later = await server.client.runs.create(thread_id, "counter", input=START, after_seconds=3600)
    other = await server.ran()  # the server works meanwhile
    assert await server.log(other) == DONE["log"]
    assert await server.status(thread_id, later["run_id"]) == "pending"
    await server.client.runs.cancel(thread_id, later["run_id"])


async def test_a_run_may_stop_before_a_node(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, interrupt_before=["second"])
    state = await server.client.threads.get_state(thread_id)
    assert (state["values"]["log"], state["next"]) == (["start", "first"], ["second"])
    assert await server.settled(thread_id) == "interrupted"


async def test_a_run_that_stopped_before_a_node_is_a_success(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, interrupt_before=["second"])
    [run] = await server.client.runs.list(thread_id)
    assert run["status"] == "success"


async def test_a_run_may_stop_after_a_node(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, interrupt_after=["first"])
    assert (await server.client.threads.get_state(thread_id))["next"] == ["second"]


async def test_a_run_may_stop_before_every_node(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, interrupt_before="*")
    assert (await server.client.threads.get_state(thread_id))["next"] == ["first"]


async def test_a_run_that_stopped_goes_on_without_input(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, interrupt_before=["second"])
    await server.run(thread_id, "counter", None)
    assert await server.log(thread_id) == DONE["log"]


async def test_a_run_gets_its_context(server: Server) -> None:
    values = await server.run(None, "caller", {}, context={"user": "ann"})
    assert values["given"] == {"user": "ann"}


async def test_a_runs_context_reaches_the_configurable_too(server: Server) -> None:
    values = await server.run(None, "caller", {}, context={"user": "ann"})
    assert values["configured"]["user"] == "ann"


async def test_a_runs_configurable_reaches_the_context_too(server: Server) -> None:
    config = {"configurable": {"user": "ann"}}
    values = await server.run(None, "caller", {}, config=config)
    assert values["given"]["user"] == "ann"


async def test_a_runs_context_wins_over_its_assistants(server: Server) -> None:
    made = await server.client.assistants.create("caller", context={"user": "ann", "role": "x"})
    values = await server.run(None, made["assistant_id"], {}, context={"user": "bob"})
    assert values["given"] == {"user": "bob", "role": "x"}


async def test_nobody_is_made_up_where_no_user_is_named(server: Server) -> None:
    values = await server.run(await server.thread(), "caller", {})
    assert values["configured"].get("user_id", "") in ("", None)


async def test_the_configuration_names_thread_run_graph_and_assistant(server: Server) -> None:
    thread_id = await server.thread()
    configured = (await server.run(thread_id, "caller", {}))["configured"]
    [run] = await server.client.runs.list(thread_id)
    assert (configured["thread_id"], configured["run_id"]) == (thread_id, run["run_id"])
    assert (configured["graph_id"], configured["assistant_id"]) == (
        "caller",
        run["assistant_id"],
    )


async def test_too_low_a_recursion_limit_fails_a_run(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, config={"recursion_limit": 1})
    [run] = await server.client.runs.list(thread_id)
    assert run["status"] == "error"


async def test_checkpoints_may_be_written_only_at_the_end(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, durability="exit")
    history = await server.client.threads.get_history(thread_id)
    assert [state["values"] for state in history] == [DONE]


async def test_checkpoints_may_be_written_before_each_step(server: Server) -> None:
    thread_id = await server.thread()
    await server.run(thread_id, "counter", START, durability="sync")
    assert len(await server.client.threads.get_history(thread_id)) == 4


async def test_a_run_goes_on_when_its_client_leaves(server: Server) -> None:
    thread_id = await server.thread()
    gate = await _leave_a_held_stream(server, thread_id)
    [run] = await server.client.runs.list(thread_id)
    await server.client.store.put_item(["open"], gate, {"open": True})
    assert await server.ended(thread_id, run["run_id"]) == "success"


async def test_a_run_may_be_cancelled_when_its_client_leaves(server: Server) -> None:
    thread_id = await server.thread()
    await _leave_a_held_stream(server, thread_id, on_disconnect="cancel")
    [run] = await server.client.runs.list(thread_id)
    assert await server.ended(thread_id, run["run_id"]) == "interrupted"


async def test_a_run_may_be_cancelled_when_who_waits_for_it_leaves(server: Server) -> None:
    thread_id, gate = await server.thread(), uuid.uuid4().hex
    options: Any = {"input": {"name": "ann", "gate": gate}, "on_disconnect": "cancel"}
    wait = asyncio.create_task(server.client.runs.wait(thread_id, "held", **options))
    await until(lambda: server.stored("reached", gate))
    wait.cancel()
    [run] = await server.client.runs.list(thread_id)
    assert await server.ended(thread_id, run["run_id"]) == "interrupted"


async def test_fifty_stateless_runs_at_once_all_succeed(server: Server) -> None:
    waits = [server.client.runs.wait(None, "counter", input=START) for _ in range(50)]
    assert await asyncio.gather(*waits) == [DONE] * 50


def _remember(key: str) -> dict[str, Any]:
    return {"namespace": ["conformance"], "key": key, "write": {"seen": True}}


async def _is_gone(server: Server, thread_id: str, run_id: str) -> bool:
    return await server.status(thread_id, run_id) == "gone"


async def _leave_a_held_stream(server: Server, thread_id: str, **options: Any) -> str:
    """Stream a run until it is held, then hang up, and return its gate."""
    gate = uuid.uuid4().hex
    stream = server.client.runs.stream(
        thread_id,
        "held",
        input={"name": "ann", "gate": gate},
        stream_mode="updates",
        **options,
    )
    async for part in stream:
        if part.event == "updates":
            break
    await until(lambda: server.stored("reached", gate))
    await stream.aclose()
    return gate
