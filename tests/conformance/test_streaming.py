"""What a stream of a run holds, in every mode, and how it is taken up again."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from tests.conformance.support import TIMEOUT, Server

START = {"log": ["start"]}
SAY = {"messages": [{"role": "human", "content": "Hi"}]}
ASK_INSIDE = {"log": ["ask"], "count": 0}


async def stream(server: Server, graph: str, input: Any, mode: Any, **options: Any) -> list[Any]:
    """Run on a new thread and return all parts of the stream."""
    return await server.parts(await server.thread(), graph, input, stream_mode=mode, **options)


def data(parts: list[Any], event: str) -> list[Any]:
    return [part.data for part in parts if part.event == event]


async def test_a_stream_begins_with_the_runs_id(server: Server) -> None:
    thread_id = await server.thread()
    parts = await server.parts(thread_id, "counter", START)
    [run] = await server.client.runs.list(thread_id)
    assert parts[0].event == "metadata"
    assert (parts[0].data["run_id"], parts[0].data["attempt"]) == (run["run_id"], 1)


async def test_values_are_the_state_after_each_step(server: Server) -> None:
    parts = await stream(server, "counter", START, "values")
    assert [v["log"] for v in data(parts, "values")] == [
        ["start"],
        ["start", "first"],
        ["start", "first", "second"],
    ]


async def test_nothing_follows_the_last_values(server: Server) -> None:
    parts = await stream(server, "counter", START, "values")
    assert [part.event for part in parts] == ["metadata", "values", "values", "values"]


async def test_updates_are_what_each_node_gave(server: Server) -> None:
    parts = await stream(server, "counter", START, "updates")
    assert data(parts, "updates") == [
        {"first": {"log": ["first"], "count": 1}},
        {"second": {"log": ["second"], "count": 1}},
    ]


async def test_several_modes_are_streamed_in_one(server: Server) -> None:
    parts = await stream(server, "counter", START, ["values", "updates"])
    assert [part.event for part in parts] == [
        "metadata",
        "values",
        "updates",
        "values",
        "updates",
        "values",
    ]


async def test_custom_data_are_what_a_node_writes(server: Server) -> None:
    parts = await stream(server, "progress", START, "custom")
    assert data(parts, "custom") == [{"progress": 1}, {"progress": 2}]


async def test_message_tuples_are_tokens_with_their_metadata(server: Server) -> None:
    parts = await stream(server, "chat", SAY, "messages-tuple")
    tokens = data(parts, "messages")
    assert "".join(message["content"] for message, _ in tokens) == "Hello there my friend"
    assert len(tokens) > 1
    assert {message["type"] for message, _ in tokens} == {"AIMessageChunk"}
    assert {metadata["langgraph_node"] for _, metadata in tokens} == {"model"}


async def test_messages_grow_token_by_token(server: Server) -> None:
    parts = await stream(server, "chat", SAY, "messages")
    partial = [messages[0]["content"] for messages in data(parts, "messages/partial")]
    assert partial[-1] == "Hello there my friend"
    assert len(partial) > 1
    assert all(later.startswith(earlier) for earlier, later in pairwise(partial))


async def test_messages_come_with_metadata_once(server: Server) -> None:
    parts = await stream(server, "chat", SAY, "messages")
    [metadata] = data(parts, "messages/metadata")
    [described] = metadata.values()
    assert described["metadata"]["langgraph_node"] == "model"


async def test_events_are_those_of_nodes_and_models(server: Server) -> None:
    parts = await stream(server, "chat", SAY, "events")
    seen = {event["event"] for event in data(parts, "events")}
    assert {"on_chain_start", "on_chat_model_stream", "on_chain_end"} <= seen


async def test_debug_tells_checkpoints_and_tasks(server: Server) -> None:
    parts = await stream(server, "counter", START, "debug")
    kinds = [event["type"] for event in data(parts, "debug")]
    assert kinds.count("checkpoint") == 4
    assert kinds.count("task") == kinds.count("task_result") == 2


async def test_tasks_tell_what_begins_and_what_ended(server: Server) -> None:
    parts = await stream(server, "counter", START, "tasks")
    tasks = data(parts, "tasks")
    assert [task["name"] for task in tasks] == ["first", "first", "second", "second"]
    assert [("result" in task) for task in tasks] == [False, True, False, True]
    assert tasks[0]["id"] == tasks[1]["id"]


async def test_checkpoints_are_streamed_as_they_are_made(server: Server) -> None:
    parts = await stream(server, "counter", START, "checkpoints")
    checkpoints = data(parts, "checkpoints")
    assert [c["next"] for c in checkpoints] == [["__start__"], ["first"], ["second"], []]
    assert checkpoints[-1]["values"]["count"] == 2


async def test_a_subgraphs_updates_are_left_out_unless_asked_for(server: Server) -> None:
    parts = await stream(server, "parent", {"log": [], "count": 0}, "updates")
    assert [part.event for part in parts[1:]] == ["updates", "updates"]
    assert [list(update) for update in data(parts, "updates")] == [["child"], ["outer"]]


async def test_a_subgraphs_updates_are_marked_with_where_they_are_from(
    server: Server,
) -> None:
    parts = await stream(
        server, "parent", {"log": [], "count": 0}, "updates", stream_subgraphs=True
    )
    inside = [part for part in parts if part.event.startswith("updates|child:")]
    assert [list(part.data) for part in inside] == [["inner"], ["inner_ask"]]
    assert [list(update) for update in data(parts, "updates")] == [["child"], ["outer"]]


async def test_a_subgraphs_values_are_marked_with_where_they_are_from(server: Server) -> None:
    parts = await stream(server, "parent", {"log": [], "count": 0}, "values", stream_subgraphs=True)
    inside = [part.data for part in parts if part.event.startswith("values|child:")]
    assert inside[-1]["log"] == ["inner", "inner asked"]


async def test_an_interrupt_is_streamed_as_an_update(server: Server) -> None:
    parts = await stream(server, "approval", {"log": []}, "updates")
    [asked] = data(parts, "updates")[-1]["__interrupt__"]
    assert asked["value"]["question"] == "Send it?"
    assert asked["id"]


async def test_an_interrupt_is_streamed_among_values(server: Server) -> None:
    parts = await stream(server, "approval", {"log": []}, "values")
    [asked] = data(parts, "values")[-1]["__interrupt__"]
    assert asked["value"]["question"] == "Send it?"


async def test_a_failing_run_ends_its_stream_with_the_error(server: Server) -> None:
    parts = await stream(server, "failing", {"fail": True}, "values")
    assert parts[-1].event == "error"
    assert parts[-1].data == {"error": "ValueError", "message": "the node is broken"}


async def test_a_stateless_run_can_be_streamed(server: Server) -> None:
    parts = await server.parts(None, "counter", START)
    assert data(parts, "values")[-1]["count"] == 2


async def test_a_stream_tells_where_it_can_be_taken_up(server: Server) -> None:
    thread_id = await server.thread()
    body = {"assistant_id": "counter", "input": START}
    answer = await server.http.post(f"/threads/{thread_id}/runs/stream", json=body)
    [run] = await server.client.runs.list(thread_id)
    path = f"/threads/{thread_id}/runs/{run['run_id']}"
    assert answer.headers["content-location"] == path
    assert answer.headers["location"] == f"{path}/stream"
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_a_stream_that_can_be_resumed_numbers_its_parts(server: Server) -> None:
    parts = await stream(server, "counter", START, "values", stream_resumable=True)
    ids = [part.id for part in parts]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_a_stream_that_cannot_be_resumed_has_no_numbers(server: Server) -> None:
    parts = await stream(server, "counter", START, "values")
    assert [part.id for part in parts] == [None] * 4


async def test_a_stream_is_resumed_after_the_last_part_that_arrived(server: Server) -> None:
    thread_id = await server.thread()
    parts = await server.parts(thread_id, "counter", START, stream_resumable=True)
    run_id = parts[0].data["run_id"]
    joined = server.client.runs.join_stream(thread_id, run_id, last_event_id=parts[1].id)
    rest = [part async for part in joined]
    assert [(part.event, part.data) for part in rest] == [
        (part.event, part.data) for part in parts[2:]
    ]


async def test_a_stream_can_be_replayed_from_its_start(server: Server) -> None:
    thread_id = await server.thread()
    parts = await server.parts(thread_id, "counter", START, stream_resumable=True)
    run_id = parts[0].data["run_id"]
    joined = server.client.runs.join_stream(thread_id, run_id, last_event_id="-1")
    again = [part async for part in joined]
    assert [part.data for part in again] == [part.data for part in parts]


async def test_a_running_run_can_be_joined_by_its_stream(server: Server) -> None:
    held = await server.hold(await server.thread(), "ann", stream_mode=["values"])
    path = f"/threads/{held.thread_id}/runs/{held.run_id}/stream"
    async with server.http.stream("GET", path) as joined:  # from here on it listens
        await held.release()
        text = (await joined.aread()).decode()
    assert '["ann before","ann held","ann after"]' in text.replace(", ", ",")


async def test_a_joined_stream_has_only_the_modes_that_it_asks_for(server: Server) -> None:
    held = await server.hold(
        await server.thread(), "ann", stream_mode=["values", "updates"], stream_resumable=True
    )
    joined = asyncio.create_task(
        _join(server, held.thread_id, held.run_id, stream_mode="updates", last_event_id="-1")
    )
    await held.release()
    events = {part.event for part in await joined}
    assert "updates" in events
    assert "values" not in events


async def test_joining_the_stream_of_a_run_that_is_done_gives_nothing(server: Server) -> None:
    thread_id = await server.ran()
    [run] = await server.client.runs.list(thread_id)
    assert await _join(server, thread_id, run["run_id"]) == []


async def test_two_clients_see_the_same_stream(server: Server) -> None:
    held = await server.hold(
        await server.thread(), "ann", stream_mode=["values"], stream_resumable=True
    )
    joined = [
        asyncio.create_task(_join(server, held.thread_id, held.run_id, last_event_id="-1"))
        for _ in range(2)
    ]
    await held.release()
    one, two = [await task for task in joined]
    assert [part.data for part in one] == [part.data for part in two]
    assert one[-1].data["log"] == ["ann before", "ann held", "ann after"]


async def test_a_cancelled_runs_stream_ends(server: Server) -> None:
    held = await server.hold(await server.thread())
    joined = asyncio.create_task(_join(server, held.thread_id, held.run_id))
    await server.client.runs.cancel(held.thread_id, held.run_id, wait=True)
    await asyncio.wait_for(joined, 10)


async def test_a_threads_stream_shows_the_runs_that_are_made_later(server: Server) -> None:
    parts = await _follow(server, await server.thread())
    assert {part.event for part in parts} == {"metadata", "values"}
    assert data(parts, "values")[-1]["count"] >= 2


async def test_a_threads_stream_goes_on_after_a_run(server: Server) -> None:
    parts = await _follow(server, await server.thread(), runs=2)
    begun = [d["run_id"] for d in data(parts, "metadata") if d.get("status") != "run_done"]
    ended = [d["run_id"] for d in data(parts, "metadata") if d.get("status") == "run_done"]
    assert len(set(ended)) == 2
    assert set(ended) <= set(begun)


async def test_a_threads_stream_may_tell_only_what_begins_and_ends(server: Server) -> None:
    parts = await _follow(server, await server.thread(), params={"stream_modes": "lifecycle"})
    assert {part.event for part in parts} == {"metadata"}


async def test_a_stream_mode_of_a_thread_that_does_not_exist_is_422(server: Server) -> None:
    path = f"/threads/{await server.thread()}/stream"
    answer = await server.http.get(path, params={"stream_modes": "smoke"})
    assert answer.status_code == 422


async def _join(server: Server, thread_id: str, run_id: str, **options: Any) -> list[Any]:
    stream = server.client.runs.join_stream(thread_id, run_id, **options)
    return [part async for part in stream]


async def _follow(server: Server, thread_id: str, runs: int = 1, **options: Any) -> list[Any]:
    """Return what a thread's stream gives until so many runs have ended.

    Runs are made until then: nothing says from when on the stream listens.
    """
    parts: list[Any] = []

    async def listen() -> None:
        ended = 0
        async for part in await server.client.threads.join_stream(thread_id, **options):
            parts.append(part)
            ended += part.event == "metadata" and part.data.get("status") == "run_done"
            if ended == runs:
                return

    async with asyncio.timeout(TIMEOUT):
        listening = asyncio.create_task(listen())
        try:
            while not listening.done():
                await server.run(thread_id, "counter", START)
                await asyncio.wait([listening], timeout=0.1)
            await listening
        finally:
            listening.cancel()
    return parts
