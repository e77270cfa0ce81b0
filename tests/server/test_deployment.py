"""The course's deployment on the embedded lane, through the public face."""

from __future__ import annotations

import asyncio
import statistics
import time

import psutil
import pytest
from langgraph.store.memory import InMemoryStore

from course_helpers import check, connect, lanes, read_memories, read_thread
from course_helpers.core.errors import NotFoundError, ServerError, SettingsError
from course_helpers.lanes import Deployment

pytestmark = pytest.mark.server


async def say(server: Deployment, text: str, **options: object) -> str:
    """Run one message in a new thread and return the thread's id."""
    client = server.client
    thread = await client.threads.create()
    message = {"messages": [{"role": "user", "content": text}]}
    await client.runs.wait(thread["thread_id"], "task_maistro", input=message, **options)
    return thread["thread_id"]


def test_connect_returns_the_same_server(server: Deployment) -> None:
    assert connect() == server
    assert server.lane == "embedded"
    assert "offline model" in repr(server)


@pytest.mark.parametrize("option", ["context", "config"])
async def test_the_caller_says_who_is_asking(server: Deployment, option: str) -> None:
    user = f"{option}@example.com"  # a period, which a namespace may not hold
    given = {"user_id": user, "todo_category": "work"}
    options = {"context": given} if option == "context" else {"config": {"configurable": given}}
    await say(server, "Remind me to file the report by Friday.", **options)
    memories = await read_memories(server.client, user, "work")
    assert [todo["status"] for todo in memories.todos] == ["not started"]
    assert memories.todos[0]["deadline"].startswith("2026-03-06")
    assert not (await read_memories(server.client, user)).todos


async def test_a_thread_as_data(server: Deployment) -> None:
    thread_id = await say(server, "I have to call the plumber.", context={"user_id": "reader"})
    thread = await read_thread(server.client, thread_id)
    assert thread.status == "idle"
    assert [m.role for m in thread.messages] == ["human", "ai", "ai"]
    [call] = thread.messages[1].tool_calls
    assert call.name == "UpdateMemory"
    assert "added" in (call.result or "")
    assert [c.step for c in thread.checkpoints] == [3, 2, 1, 0, -1]
    assert thread.checkpoints[0].next == []
    assert thread.checkpoints[2].next == ["update_todos"]


@pytest.mark.parametrize("thread_id", ["00000000-0000-0000-0000-000000000000", "no-uuid", ""])
async def test_a_thread_that_is_not_there(server: Deployment, thread_id: str) -> None:
    with pytest.raises(NotFoundError) as error:
        await read_thread(server.client, thread_id)
    assert "threads.create" in error.value.fix


async def test_a_failed_run_shows_its_error(server: Deployment) -> None:
    client = server.client
    thread = await client.threads.create()
    message = {"messages": [{"role": "user", "content": "Hello"}]}
    await client.runs.wait(
        thread["thread_id"],
        "task_maistro",
        input=message,
        context={"user_id": " "},
        raise_error=False,
    )
    view = await read_thread(client, thread["thread_id"])
    assert view.status == "error"


async def test_the_checks_of_lesson_00(server: Deployment) -> None:
    assert not (await check.own_todo(server, ...)).passed
    assert not (await check.own_todo(server, "nobody-yet")).passed
    first = await say(server, "I have to buy milk.", context={"user_id": "grace"})
    assert "has no deadline" in (await check.own_todo(server, "grace")).message
    await say(server, "I have to buy stamps by Monday.", context={"user_id": "grace"})
    assert (await check.own_todo(server, "grace")).passed
    assert not (await check.new_thread(server, [first], ...)).passed
    assert not (await check.new_thread(server, [first], first)).passed
    assert not (await check.new_thread(server, [first], "not a thread")).passed
    empty = (await server.client.threads.create())["thread_id"]
    assert "empty" in (await check.new_thread(server, [first], empty)).message
    telling = await say(server, "Remind me to eat.", context={"user_id": "grace"})
    assert not (await check.new_thread(server, [first], telling)).passed
    asking = await say(server, "What is on my list?", context={"user_id": "grace"})
    assert (await check.new_thread(server, [first], asking)).passed


async def test_many_todos_are_all_read(server: Deployment) -> None:
    store = server.client.store
    value = {"task": "One of many", "status": "not started"}
    where = ["todo", "general", "busy"]
    await asyncio.gather(*(store.put_item(where, str(number), value) for number in range(120)))
    assert len((await read_memories(server.client, "busy")).todos) == 120


async def test_waiting_costs_what_the_queue_costs(
    server: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`runs.wait` takes longer than the graph: the server's queue looks for work once a second."""
    monkeypatch.setenv("OFFLINE_TOKENS_PER_SECOND", "0")
    from task_maistro import builder

    graph = builder.compile(store=InMemoryStore())
    message = {"messages": [{"role": "user", "content": "Hello"}]}
    client, direct, served = server.client, [], []
    for _ in range(3):
        started = time.perf_counter()
        await graph.ainvoke(message)
        direct.append(time.perf_counter() - started)
        started = time.perf_counter()
        await client.runs.wait(None, "task_maistro", input=message)
        served.append(time.perf_counter() - started)
    print(f"\nainvoke p50 {statistics.median(direct) * 1000:.0f} ms, ", end="")
    print(f"runs.wait p50 {statistics.median(served) * 1000:.0f} ms")
    assert statistics.median(direct) < statistics.median(served) < 5


def test_a_lane_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANE", "moon")
    with pytest.raises(SettingsError, match="LANE='moon'"):
        connect()


def test_a_new_setting_gives_a_new_server_and_a_killed_one_is_said_at_once(
    server: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_MAISTRO_MODEL", "openai:gpt-4o")
    other = connect()
    assert other.url != server.url
    assert other.model == "openai:gpt-4o"
    assert lanes._server is not None
    process = psutil.Process(lanes._server.pid)
    process.kill()
    process.wait(timeout=10)
    started = time.monotonic()
    with pytest.raises(ServerError, match="Nothing answers"):
        _ = other.client
    assert time.monotonic() - started < 2
    monkeypatch.undo()
    assert connect().url != other.url
