"""The thread explorer on the stack: what `tests/server` asks of it, with another server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from course_helpers import lanes
from course_helpers.lanes import Deployment
from course_helpers.thread_stream import thread_events
from tests.server.test_explorer import (  # noqa: F401 - collected here too
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
