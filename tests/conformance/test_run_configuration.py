"""What configures a run: its context, where it stops, when it starts, and what outlives it."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

from tests.conformance.support import Server, until

START = {"log": ["start"]}
DONE = {"log": ["start", "first", "second"], "count": 2}


async def test_a_run_may_name_an_assistant_by_its_id(server: Server) -> None:
    made = await server.client.assistants.create("counter")
    thread_id = await server.thread()
    assert await server.run(thread_id, made["assistant_id"], START) == DONE
    [run] = await server.client.runs.list(thread_id)
    assert run["assistant_id"] == made["assistant_id"]


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


async def test_a_stateless_run_may_keep_its_thread(server: Server) -> None:
    run = await server.client.runs.create(None, "counter", input=START, on_completion="keep")
    assert await server.ended(run["thread_id"], run["run_id"]) == "success"
    assert await server.log(run["thread_id"]) == DONE["log"]


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
