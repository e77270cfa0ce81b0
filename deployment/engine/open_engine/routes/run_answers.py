"""The answer to a run: its result when it has ended, or its events as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.core.sse import get_sse_headers, make_sse_response, sse_to_bytes
from aegra_api.services.executor import executor
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from aegra_api.services.run_waiters import ERROR_KEY, encode_output, heartbeat_wait_body
from aegra_api.settings import settings
from fastapi import Response
from fastapi.responses import StreamingResponse

from open_engine.execution.after_run import delete_thread
from open_engine.execution.cancelling import stop_run
from open_engine.execution.failures import failure_of
from open_engine.execution.queue import Queue
from open_engine.state.records import read_state

NO_VALUES = encode_output({})

_ending: set[asyncio.Task[None]] = set()  # asyncio itself would forget them


def result_answer(run: Run, *, cancel: bool = False) -> StreamingResponse:
    """Answer with a run's result when it has ended; line feeds keep the connection till then."""
    headers = {**location(run), "Location": f"{_address(run)}/join"}
    body = _then_forget(run, _wait(run))
    if cancel:
        body = _watched(run.run_id, body)
    return StreamingResponse(body, media_type="application/json", headers=headers)


async def _watched(run_id: str, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pass an answer on; whoever hangs up before its end cancels the run."""
    try:
        async for chunk in body:
            yield chunk
    except (asyncio.CancelledError, GeneratorExit):
        task = asyncio.create_task(_end(run_id))  # here, nothing can be waited for any more
        _ending.add(task)
        task.add_done_callback(_ending.discard)
        raise


async def _wait(run: Run) -> AsyncIterator[bytes]:
    """Yield line feeds and then the result as Aegra does, with the error's own type and message.

    Aegra takes the values from the run's stream: without that mode, or when it is cancelled, it has
    none, and the thread's are given as a LangGraph server does.
    """
    limit = settings.worker.BG_JOB_TIMEOUT_SECS
    async for chunk in heartbeat_wait_body(run.run_id, run.thread_id, run.user_id, timeout=limit):
        if chunk == NO_VALUES:
            yield encode_output(await read_state(run.thread_id))
        else:
            failure = await failure_of(run.run_id) if ERROR_KEY.encode() in chunk else None
            yield encode_output({ERROR_KEY: failure}) if failure else chunk


def stream_answer(run: Run, events: AsyncIterator[str], *, cancel: bool) -> Response:
    """Answer with a run's events as they come."""
    headers = {**get_sse_headers(), **location(run), "Location": f"{_address(run)}/stream"}
    handler = _cancel_when_closed(run.run_id) if cancel else None
    body = _then_forget(run, sse_to_bytes(events))
    return make_sse_response(body, close_handler=handler, headers=headers)


async def _then_forget(run: Run, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pass an answer on, then delete the thread that was made for this run alone."""
    async for chunk in body:
        yield chunk
    if (run.execution_params or {}).get("extras", {}).get("temporary"):
        await cast(Queue, executor).wait_until_finished(run.run_id)
        await delete_thread(run.thread_id)


def _cancel_when_closed(run_id: str) -> Callable[[Any], Awaitable[None]]:
    async def closed(_message: Any) -> None:
        await _end(run_id)

    return closed


async def _end(run_id: str) -> None:
    async with _get_session_maker()() as session:
        run = await session.get(Run, run_id)
        if run is not None and run.status in ACTIVE_RUN_STATES:
            await stop_run(session, run, "interrupt")


def _address(run: Run) -> str:
    return f"/threads/{run.thread_id}/runs/{run.run_id}"


def location(run: Run) -> dict[str, str]:
    """Return the header that says where a run is found."""
    return {"Content-Location": _address(run)}
