"""Each error that lesson 05 explains, provoked on a real server, over a real line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph_sdk import errors as sdk
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from course_helpers import PracticeLine, explain_error
from course_helpers.core.errors import CourseError
from course_helpers.core.ports import HOST, free_port
from course_helpers.lanes import Deployment

pytestmark = pytest.mark.server

NOBODY = "00000000-0000-4000-8000-000000000000"
ASK = {"messages": [{"role": "user", "content": "What can you do?"}]}
SLOW: dict[str, Any] = {
    "input": ASK,
    "context": {"user_id": "errors", "task_maistro_role": "Speak at 5 tokens per second."},
}
BROKEN: dict[str, Any] = {"input": ASK, "context": {"user_id": ""}}


@pytest.fixture
async def client(server: Deployment) -> AsyncIterator[LangGraphClient]:
    async with server.client as client:
        yield client


@pytest.fixture
async def thread_id(client: LangGraphClient) -> AsyncIterator[str]:
    thread_id = str((await client.threads.create())["thread_id"])
    yield thread_id
    await client.threads.delete(thread_id)


async def explained(call: Awaitable[Any], kind: type[BaseException]) -> CourseError:
    """Return what is said of the error that a call must raise; of no other kind than this."""
    with pytest.raises(kind) as raised:
        await call
    assert raised.type is kind
    return explain_error(raised.value)


async def test_not_found(client: LangGraphClient, thread_id: str) -> None:
    run = {"thread_id": NOBODY, "assistant_id": "task_maistro", "input": ASK}
    runs = client.runs
    for call, kind, what in [
        (client.threads.get(NOBODY), sdk.NotFoundError, f"no thread '{NOBODY}'"),
        (client.threads.get_state(NOBODY), sdk.NotFoundError, f"no thread '{NOBODY}'"),
        (client.threads.copy(NOBODY), sdk.ConflictError, f"no thread '{NOBODY}'"),
        (runs.create(**run), sdk.NotFoundError, "or no such assistant"),
        (runs.wait(**run), httpx.HTTPStatusError, "or no such assistant"),
        (runs.get(thread_id, NOBODY), sdk.NotFoundError, f"no such run that could do this ({NOBODY})"),
        (runs.cancel(thread_id, NOBODY, wait=True), httpx.HTTPStatusError, f"({NOBODY})"),
        (client.assistants.get(NOBODY), sdk.NotFoundError, "no such thing"),
    ]:  # fmt: skip
        assert what in (await explained(call, kind)).what


async def test_conflicts(client: LangGraphClient, thread_id: str) -> None:
    again = client.threads.create(thread_id=thread_id)
    assert f"{thread_id} already exists." in (await explained(again, sdk.ConflictError)).what
    await client.runs.create(thread_id, "task_maistro", **SLOW)
    for call in (
        client.runs.create(thread_id, "task_maistro", **SLOW, multitask_strategy="reject"),
        client.threads.update_state(thread_id, {"messages": []}),
    ):
        assert "The thread is busy" in (await explained(call, sdk.ConflictError)).what


async def test_requests_that_are_wrong(client: LangGraphClient, thread_id: str) -> None:
    for call, kind, what in [
        (client.threads.get("42"), sdk.UnprocessableEntityError, "(422)"),
        (client.runs.create(thread_id, "task_mastro", input=ASK), sdk.UnprocessableEntityError, "task_mastro"),
        (client.runs.wait(thread_id, "task_mastro", input=ASK), httpx.HTTPStatusError, "task_mastro"),
        (client.threads.update_state(thread_id, {"messages": []}, as_node="nobody"), sdk.BadRequestError, "(400)"),
        (client.store.put_item(["a.b"], "key", {}), ValueError, "periods"),
    ]:  # fmt: skip
        assert what in (await explained(call, kind)).what


async def test_a_run_that_fails(
    server: Deployment, client: LangGraphClient, thread_id: str
) -> None:
    told = "The run failed in the graph, with ValueError: user_id=''"
    wait = client.runs.wait(thread_id, "task_maistro", **BROKEN)
    assert told in (await explained(wait, Exception)).what
    run = await client.runs.create(thread_id, "task_maistro", **BROKEN)
    assert told in explain_error(await client.runs.join(thread_id, run["run_id"])).what
    stream = client.runs.stream(thread_id, "task_maistro", **BROKEN)
    last = [part async for part in stream][-1]
    assert last.event == "error"
    assert told in explain_error(last.data).what
    graph = RemoteGraph("task_maistro", url=server.url)
    remote = graph.ainvoke(ASK, {"configurable": {"user_id": ""}})
    assert told in (await explained(remote, RemoteException)).what


async def test_nobody_there(server: Deployment) -> None:
    async with httpx.AsyncClient() as http:  # the SDK tries for 7.5 s; the lesson does that
        said = await explained(http.get(f"http://{HOST}:{free_port()}"), httpx.ConnectError)
    assert f"Nothing answers at http://{HOST}:" in said.what
    async with get_client(url=server.url.removeprefix("http://")) as bare:
        said = await explained(bare.threads.get(NOBODY), httpx.UnsupportedProtocol)
    assert "not complete" in said.what


async def test_silence(server: Deployment, client: LangGraphClient, thread_id: str) -> None:
    run = await client.runs.create(thread_id, "task_maistro", **SLOW)
    async with get_client(url=server.url, timeout=0.2) as hasty:
        join = hasty.http.get(f"/threads/{thread_id}/runs/{run['run_id']}/join")
        said = await explained(join, httpx.ReadTimeout)
    assert f"{server.url} was silent for longer" in said.what


async def test_ones_own_limit_does_not_end_the_run(client: LangGraphClient, thread_id: str) -> None:
    wait = client.runs.wait(thread_id, "task_maistro", **SLOW)
    said = await explained(asyncio.wait_for(wait, 0.5), TimeoutError)
    assert "goes on at the server" in said.what
    [run] = await client.runs.list(thread_id)
    assert run["status"] in ("pending", "running")
    await client.runs.cancel(thread_id, run["run_id"], wait=True)


async def test_a_lost_answer_and_the_run_that_it_was_about(
    server: Deployment, client: LangGraphClient, thread_id: str
) -> None:
    async with PracticeLine(server.url) as line, get_client(url=line.url) as far_away:
        line.lose_answer("POST")
        call = far_away.runs.create(
            thread_id, "task_maistro", input=ASK, metadata={"request_id": "mine"}
        )
        said = await explained(call, httpx.RemoteProtocolError)
    assert said.what == f"The connection to {line.url} was lost before the answer."
    [run] = await client.runs.list(thread_id)
    assert run["metadata"]["request_id"] == "mine"


async def test_no_run_id_and_no_idempotency_key_are_honoured(
    client: LangGraphClient, thread_id: str
) -> None:
    """What lesson 05 says; if a server learns it one day, the lesson has to change."""
    mine = str(uuid4())
    body = {"assistant_id": "task_maistro", "input": ASK, "run_id": mine}
    path, headers = f"/threads/{thread_id}/runs", {"Idempotency-Key": mine}
    runs = [await client.http.post(path, json=body, headers=headers) for _ in range(2)]
    assert len({mine, *(run["run_id"] for run in runs)}) == 3


async def test_a_stream_that_breaks(
    server: Deployment, client: LangGraphClient, thread_id: str
) -> None:
    """Nothing is lost; what `langgraph dev` sends twice has the same number and the same data."""
    context = {"user_id": "errors", "task_maistro_role": "Speak at 20 tokens per second."}
    asked: dict[str, Any] = {"input": ASK, "context": context, "stream_mode": "messages-tuple"}
    async with PracticeLine(server.url) as line, get_client(url=line.url) as far_away:
        line.cut_after(6)
        stream = far_away.runs.stream(thread_id, "task_maistro", **asked, stream_resumable=True)
        parts = [part async for part in stream]
    state: Any = (await client.threads.get_state(thread_id))["values"]
    once = {(part.id, str(part.data)): part for part in parts}
    told = "".join(p.data[0]["content"] for p in once.values() if p.event == "messages")
    assert told == state["messages"][-1]["content"]
    assert line.resumed == [parts[5].id]
