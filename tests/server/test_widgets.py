"""The panels over a real server: a real thread, and the server killed under them."""

from __future__ import annotations

import pytest

from course_helpers.lanes import Deployment
from course_helpers.store import namespace
from course_helpers.widgets import HealthPanel, ThreadExplorer

pytestmark = pytest.mark.server

CONVERSATION = [
    {"role": "user", "content": "Remind me to water the plants."},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "1", "name": "UpdateMemory", "args": {"update_type": "todo"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "Added a to-do."},
    {"role": "assistant", "content": "It is on your list."},
]


async def thread_with_a_todo(server: Deployment, user_id: str) -> str:
    """Write a conversation and a to-do as a run would, and return the thread's id."""
    async with server.client as client:
        thread = await client.threads.create(graph_id="task_maistro")
        for message in CONVERSATION:
            await client.threads.update_state(
                thread["thread_id"], {"messages": [message]}, as_node="task_maistro"
            )
        todo = {"task": "Water the plants", "status": "not started"}
        await client.store.put_item(namespace("todo", user_id), "1", todo)
    return str(thread["thread_id"])


async def test_a_real_thread_and_then_no_server(server: Deployment) -> None:
    thread_id = await thread_with_a_todo(server, "ann@example.com")
    explorer = await ThreadExplorer.load(server, thread_id, user_id="ann@example.com")
    health = HealthPanel(server)
    assert explorer.thread is not None
    assert explorer.memories is not None
    assert explorer.thread.messages[1].tool_calls[0].result == "Added a to-do."
    assert [c.messages for c in explorer.thread.checkpoints] == [4, 3, 2, 1]
    assert explorer.memories.todos == [{"task": "Water the plants", "status": "not started"}]
    assert all(finding.ok for finding in health.findings)

    server.stop()
    explorer.button.click()
    health.button.click()
    await explorer.refresh()
    await health.refresh()
    assert f"Nothing answers at {server.url}" in explorer.message
    assert "It is on your list." in explorer._body.value
    assert repr(explorer).startswith("ThreadExplorer: stale; idle, 4 messages, 4 checkpoints")
    assert repr(health) == "HealthPanel: 4 checks, 1 failed: Server"


@pytest.mark.parametrize("thread_id", ["no-such-thread", "00000000-0000-4000-8000-000000000000"])
async def test_a_thread_that_is_not_there(server: Deployment, thread_id: str) -> None:
    explorer = await ThreadExplorer.load(server, thread_id)
    assert f"There is no thread {thread_id}" in explorer.message
    assert not explorer.stale
