"""Crons: runs on a schedule."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph_sdk.errors import NotFoundError

from tests.conformance.support import Server, until

YEARLY = "0 0 1 1 *"


@pytest.fixture(autouse=True)
async def _no_cron_is_left(server: Server) -> AsyncIterator[None]:
    yield
    for cron in await server.client.crons.search(limit=100):
        await server.client.crons.delete(cron["cron_id"])


async def create(server: Server, **options: Any) -> dict[str, Any]:
    given = {"schedule": YEARLY, "input": {"log": ["start"]}, **options}
    return await server.client.crons.create("counter", **given)


async def test_a_new_cron_is_told_with_its_next_date(server: Server) -> None:
    cron = await create(server, metadata={"team": "blue"})
    assert uuid.UUID(cron["cron_id"])
    assert (cron["schedule"], cron["thread_id"], cron["enabled"]) == (YEARLY, None, True)
    assert cron["metadata"] == {"team": "blue"}
    assert "-01-01T00:00:00" in cron["next_run_date"]


async def test_a_cron_keeps_the_input_of_its_runs(server: Server) -> None:
    cron = await create(server)
    [found] = await server.client.crons.search()
    assert found["cron_id"] == cron["cron_id"]
    assert found["payload"]["input"] == {"log": ["start"]}


async def test_a_cron_for_a_thread_names_it(server: Server) -> None:
    thread_id = await server.thread()
    cron = await server.client.crons.create_for_thread(
        thread_id, "counter", schedule=YEARLY, input={"log": []}
    )
    assert cron["thread_id"] == thread_id


async def test_making_a_cron_makes_no_run(server: Server) -> None:
    thread_id = await server.thread()
    await server.client.crons.create_for_thread(
        thread_id, "counter", schedule=YEARLY, input={"log": []}
    )
    assert await server.client.runs.list(thread_id) == []
    assert (await server.client.threads.get(thread_id))["status"] == "idle"


async def test_crons_are_found_by_assistant_and_thread(server: Server) -> None:
    thread_id = await server.thread()
    await create(server)
    cron = await server.client.crons.create_for_thread(
        thread_id, "counter", schedule=YEARLY, input={"log": []}
    )
    by_thread = await server.client.crons.search(thread_id=thread_id)
    by_assistant = await server.client.crons.search(assistant_id=cron["assistant_id"])
    assert [c["cron_id"] for c in by_thread] == [cron["cron_id"]]
    assert len(by_assistant) == 2


async def test_crons_are_found_by_metadata(server: Server) -> None:
    await create(server, metadata={"team": "red"})
    cron = await create(server, metadata={"team": "blue"})
    found = await server.client.crons.search(metadata={"team": "blue"})
    assert [c["cron_id"] for c in found] == [cron["cron_id"]]


async def test_crons_are_counted(server: Server) -> None:
    cron = await create(server)
    await create(server)
    assert await server.client.crons.count(assistant_id=cron["assistant_id"]) == 2


async def test_a_cron_can_be_changed(server: Server) -> None:
    cron = await create(server)
    changed = await server.client.crons.update(
        cron["cron_id"], schedule="30 6 * * *", input={"log": ["new"]}
    )
    assert (changed["schedule"], changed["payload"]["input"]) == ("30 6 * * *", {"log": ["new"]})
    assert "T06:30:00" in changed["next_run_date"]


async def test_a_cron_can_be_turned_off(server: Server) -> None:
    cron = await create(server)
    changed = await server.client.crons.update(cron["cron_id"], enabled=False)
    assert changed["enabled"] is False
    assert await server.client.crons.search(enabled=True) == []


async def test_a_cron_has_a_timezone(server: Server) -> None:
    cron = await create(server, schedule="0 9 1 1 *", timezone="Asia/Tokyo")
    assert "-01-01T00:00:00" in cron["next_run_date"]


async def test_a_deleted_cron_is_gone(server: Server) -> None:
    cron = await create(server)
    await server.client.crons.delete(cron["cron_id"])
    assert await server.client.crons.search() == []


async def test_deleting_an_unknown_cron_is_404(server: Server) -> None:
    with pytest.raises(NotFoundError):
        await server.client.crons.delete(str(uuid.uuid4()))


async def test_a_schedule_that_is_none_is_refused(server: Server) -> None:
    body = {"assistant_id": "counter", "schedule": "sometimes", "input": {}}
    assert (await server.http.post("/runs/crons", json=body)).status_code == 422


async def test_a_threads_crons_go_with_it(server: Server) -> None:
    thread_id = await server.thread()
    await server.client.crons.create_for_thread(
        thread_id, "counter", schedule=YEARLY, input={"log": []}
    )
    await server.client.threads.delete(thread_id)
    assert await server.client.crons.search(thread_id=thread_id) == []


async def test_a_cron_runs_when_its_time_has_come(server: Server) -> None:
    thread_id = await server.thread()
    await server.client.crons.create_for_thread(
        thread_id, "counter", schedule="* * * * * *", input={"log": ["tick"]}
    )

    async def has_run() -> bool:
        return "second" in await server.log(thread_id)

    await until(has_run, 30)
