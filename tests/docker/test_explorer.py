"""The thread explorer on the stack, as in `tests/server`, and the engine's streams under it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from langgraph_sdk.client import LangGraphClient

from course_helpers import lanes
from course_helpers.lanes import Deployment
from course_helpers.server.thread_stream import thread_events
from tests.conformance.support import until
from tests.server.test_explorer import (  # noqa: F401 - collected here too
    SLOWLY,
    WATER,
    new_thread,
    says,
    test_a_broken_line_loses_no_token,
    test_a_fork_goes_another_way_and_the_old_one_stays,
    test_a_message_begins_a_thread_and_the_user_is_the_shown_one,
    test_a_run_that_stopped_is_approved_or_edited,
    test_a_run_without_tokens_shows_its_steps,
    test_a_thread_is_copied_and_the_copy_deleted,
    test_tokens_of_another_client_appear_as_they_stream,
)


@pytest.fixture(scope="module")
def server(running: str) -> Deployment:
    deployment = lanes.connect("open")
    assert deployment.url == running
    return deployment


async def test_a_run_made_as_soon_as_the_stream_is_held_is_shown(server: Deployment) -> None:
    """Many at once: what the server does between its answer's beginning and its look takes long."""

    async def shown_of_a_quick_run() -> list[str]:
        thread_id, held, kinds = await new_thread(server), asyncio.Event(), list[str]()

        async def listen() -> None:
            async with aclosing(thread_events(server.url, thread_id, held.set)) as events:
                async for event in events:
                    kinds.append(event.kind)
                    if event.kind == "ended":
                        return

        async with asyncio.timeout(60), asyncio.TaskGroup() as group, server.client as client:
            group.create_task(listen())
            await held.wait()
            await client.runs.create(thread_id, "task_maistro", input=says(WATER))
        return kinds

    for kinds in await asyncio.gather(*(shown_of_a_quick_run() for _ in range(10))):
        assert kinds[0] == "began"
        assert kinds[-1] == "ended"


async def test_a_stream_joined_while_its_run_is_cancelled_ends_with_it(server: Deployment) -> None:
    """Else the SDK takes it for broken and joins again."""
    context = {"user_id": "hasty", "task_maistro_role": SLOWLY}

    async def status_when_the_stream_ends(client: LangGraphClient) -> str:
        thread_id = await new_thread(server)
        run = await client.runs.create(
            thread_id, "task_maistro", input=says(WATER), context=context
        )

        async def status() -> str:
            return (await client.runs.get(thread_id, run["run_id"]))["status"]

        async def is_running() -> bool:
            return await status() == "running"

        await until(is_running)
        await client.runs.cancel(thread_id, run["run_id"], wait=False)
        path = f"/threads/{thread_id}/runs/{run['run_id']}/stream"
        (await client.http.client.get(path)).raise_for_status()
        return await status()

    async with server.client as client:
        assert {await status_when_the_stream_ends(client) for _ in range(10)} == {"interrupted"}
