"""Runs and threads that an app's auth handlers hide from a caller: 404, or 403 if they refuse."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk import get_client

from course_helpers.core.processes import run
from course_helpers.core.settings import load_settings
from course_helpers.images.make import build_agent
from course_helpers.stack import lifecycle
from tests.docker.project import IMAGE

FOLDER = Path(__file__).parent / "guarded"
GUARDED = f"{IMAGE}-guarded"
GRAPH = "sleeper"
MINE, OTHER, BARRED = ({"X-Org": org} for org in ("a", "b", "barred"))
SECONDS = 4.0  # that a run takes: it is active while the others try
MAKE = {"assistant_id": GRAPH, "input": {}}
CANCEL = {"thread_id": "{thread}", "run_ids": ["{run}"]}
REQUESTS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "reading a run": ("GET", "/threads/{thread}/runs/{run}", None),
    "joining a run": ("GET", "/threads/{thread}/runs/{run}/join", None),
    "streaming a run": ("GET", "/threads/{thread}/runs/{run}/stream", None),
    "cancelling a run": ("POST", "/threads/{thread}/runs/{run}/cancel", None),
    "cancelling runs": ("POST", "/runs/cancel", CANCEL),
    "deleting a run": ("DELETE", "/threads/{thread}/runs/{run}", None),
    "listing runs": ("GET", "/threads/{thread}/runs", None),
    "streaming a thread": ("GET", "/threads/{thread}/stream", None),
    "making a run": ("POST", "/threads/{thread}/runs", MAKE),
    "making a run if there is no thread": (
        "POST",
        "/threads/{thread}/runs",
        {**MAKE, "if_not_exists": "create"},
    ),
    "waiting for a run": ("POST", "/threads/{thread}/runs/wait", MAKE),
    "making a run and streaming it": ("POST", "/threads/{thread}/runs/stream", MAKE),
    "a cron on a thread": (
        "POST",
        "/threads/{thread}/runs/crons",
        {**MAKE, "schedule": "0 0 1 1 *"},
    ),
}


@pytest.fixture(scope="module")
def guarded(made_images: None) -> Iterator[str]:
    """Yield the address of a server with auth handlers; nothing of it is left afterwards."""
    os.environ["API_IMAGE"] = GUARDED
    lifecycle.down(volumes=True)
    try:
        build_agent(load_settings(), FOLDER)
        yield lifecycle.up(graphs=[GRAPH])
    finally:
        lifecycle.down(volumes=True)
        os.environ["API_IMAGE"] = IMAGE
        run(["docker", "image", "rm", "--force", GUARDED], 30)


@pytest.fixture
async def http(guarded: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=guarded, timeout=30) as client:
        yield client


async def status(
    http: httpx.AsyncClient, name: str, headers: dict[str, str], **ids: str
) -> tuple[int, str]:
    """Make a request and return the answer's status and, of a refusal, why."""
    method, path, body = REQUESTS[name]
    if body is CANCEL:
        body = {"thread_id": ids["thread"], "run_ids": [ids["run"]]}
    async with http.stream(method, path.format(**ids), json=body, headers=headers) as answer:
        if answer.is_success:  # a thread's stream has no end
            return answer.status_code, ""
        await answer.aread()
        return answer.status_code, answer.json()["detail"]


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_thread_is_kept_from_others(
    name: str, http: httpx.AsyncClient, guarded: str
) -> None:
    client = get_client(url=guarded, headers=MINE)
    thread = (await client.threads.create())["thread_id"]
    made = await client.runs.create(thread, GRAPH, input={"seconds": SECONDS})
    ids = {"thread": thread, "run": made["run_id"]}
    assert await status(http, name, BARRED, **ids) == (403, "barred")
    code, why = await status(http, name, OTHER, **ids)
    assert code == 404, why
    assert why in (
        f"Thread with ID {thread} not found",
        f"Run with ID {made['run_id']} not found",
        "No runs found to cancel.",
    )
    [untouched] = await client.runs.list(thread)
    assert untouched["status"] in ("pending", "running")
    code, why = await status(http, name, MINE, **ids)
    assert code in (200, 202, 204), why


async def test_a_run_may_make_a_thread(http: httpx.AsyncClient, guarded: str) -> None:
    client, thread = get_client(url=guarded, headers=MINE), str(uuid4())
    code, why = await status(http, "making a run", MINE, thread=thread)
    assert (code, why) == (404, f"Thread with ID {thread} not found")
    made = await client.runs.create(thread, GRAPH, if_not_exists="create")
    await client.runs.join(thread, made["run_id"])  # the new thread is mine
    code, _ = await status(http, "making a run if there is no thread", OTHER, thread=thread)
    assert code == 404
    code, _ = await status(http, "listing runs", OTHER, thread=thread)
    assert code == 404


async def test_the_handler_is_asked_once_about_a_run(guarded: str) -> None:
    client = get_client(url=guarded, headers=MINE)
    thread = (await client.threads.create())["thread_id"]
    made = await client.runs.create(thread, GRAPH, metadata={"mine": 1})
    assert made["metadata"].items() >= {"mine": 1, "org": "a", "asked": 1}.items()
    assert made["kwargs"]["config"]["tags"] == ["a"]  # no filter, but an override


async def test_a_run_without_a_thread(http: httpx.AsyncClient, guarded: str) -> None:
    client = get_client(url=guarded, headers=MINE)
    assert await client.runs.wait(None, GRAPH, input={}) == {"done": True}
    made = await client.runs.create(None, GRAPH, input={}, on_completion="keep")
    ids = {"thread": made["thread_id"], "run": made["run_id"]}
    assert await client.runs.join(ids["thread"], ids["run"]) == {"done": True}
    assert (await status(http, "joining a run", OTHER, **ids))[0] == 404


async def test_a_list_of_runs_asks_the_handler(http: httpx.AsyncClient, guarded: str) -> None:
    thread = (await get_client(url=guarded, headers=MINE).threads.create())["thread_id"]
    assert await status(http, "listing runs", BARRED, thread=thread) == (403, "barred")
    assert (await status(http, "listing runs", MINE, thread=thread))[0] == 200
