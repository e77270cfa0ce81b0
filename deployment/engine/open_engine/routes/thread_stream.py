"""`threads.join_stream`: the events of all runs of a thread, one run after the other.

Aegra has no such route. On a LangGraph server it goes on until the client leaves, tells the end of
each run as `metadata` with the status `run_done`, and changes of the state as `state_update`. One
run of a thread is active at a time, in the order of `created_at`: so they are read in that order.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.core.redis_manager import redis_manager
from aegra_api.core.sse import get_sse_headers, make_sse_response, sse_to_bytes
from aegra_api.models import User
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from fastapi import APIRouter, Depends, Header, HTTPException, Response
from redis import RedisError
from sqlalchemy import func, select

from open_engine.execution.events import (
    END,
    Position,
    event_id,
    has_all,
    is_resumable,
    last_number,
    read_event_id,
    read_events,
    to_sse,
)
from open_engine.state.access import require_thread

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)
CurrentUser = Annotated[User, Depends(get_current_user)]
Mode = Literal["run_modes", "lifecycle", "state_update"]
LOOK_AGAIN = 1.0  # seconds between two looks for runs that nobody has told of

# The runs to follow, each with its last event, and when the newest run was made that is not new.
_Start = tuple[list[tuple[Run, int]], datetime]

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@router.get("/threads/{thread_id}/stream")
async def join_stream(
    thread_id: UUID,
    user: CurrentUser,
    stream_modes: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Stream what happens on a thread, from now on or from an event on."""
    modes, last = _modes(stream_modes), _position(last_event_id)
    async with _get_session_maker()() as session:
        await require_thread(session, str(thread_id), user)
    start = await _runs_at(str(thread_id), last) if last else await _runs_now(str(thread_id))
    events = _follow(str(thread_id), start, modes)
    return make_sse_response(sse_to_bytes(events), headers=get_sse_headers())


async def tell_run(thread_id: str) -> None:
    """Tell everyone who streams a thread, on any replica, that it has another run."""
    await _tell(thread_id, "")


async def tell_state(thread_id: str, state: dict[str, Any]) -> None:
    """Tell everyone who streams a thread that a client has changed its state.

    Args:
        thread_id: which.
        state: the new state, as `threads.get_state` shows it.
    """
    await _tell(thread_id, json.dumps({"state": state, "thread_id": thread_id}))


async def _tell(thread_id: str, message: str) -> None:
    with suppress(RedisError):
        await redis_manager.get_client().publish(_channel(thread_id), message)


async def _follow(thread_id: str, start: _Start, modes: set[Mode]) -> AsyncIterator[str]:
    """Yield a thread's events as server-sent events, for ever."""
    runs, seen = start
    async with redis_manager.get_client().pubsub() as pubsub:
        await pubsub.subscribe(_channel(thread_id))
        while True:
            for run, number in runs:
                seen = max(seen, run.created_at)
                async for message in _run_events(run, number, modes):
                    yield message
            if runs := [(run, 0) for run in await _due_runs(thread_id, Run.created_at > seen)]:
                continue
            told = await pubsub.get_message(ignore_subscribe_messages=True, timeout=LOOK_AGAIN)
            if told and told["data"] and "state_update" in modes:
                yield to_sse("state_update", json.loads(told["data"]), "", with_id=False)


async def _run_events(run: Run, number: int, modes: set[Mode]) -> AsyncIterator[str]:
    """Yield the events of a run that come after one, with its end."""
    if await has_all(run.run_id, number):
        return
    async for event in read_events(run.run_id, number):
        number = event.number
        if event.name != END and _is_wanted(event.name, modes):
            yield to_sse(event.name, event.data, event_id(run, number))
    if _is_wanted("metadata", modes):
        done = {"status": "run_done", "run_id": run.run_id}
        yield to_sse("metadata", done, event_id(run, number))


def _is_wanted(event: str, modes: set[Mode]) -> bool:
    return "run_modes" in modes or ("lifecycle" in modes and event == "metadata")


async def _runs_now(thread_id: str) -> _Start:
    """Return the active runs, with their last events, and when the newest run was made.

    One query tells both: a run that is made between two would be missed.
    """
    newest = select(func.max(Run.created_at)).where(*_due(thread_id)).scalar_subquery()
    active = Run.status.in_(ACTIVE_RUN_STATES)
    runs = await _due_runs(thread_id, active | (Run.created_at == newest))
    following = [run for run in runs if run.status in ACTIVE_RUN_STATES]
    made = runs[-1].created_at if runs else _BEGINNING
    return [(run, await last_number(run.run_id)) for run in following], made


async def _runs_at(thread_id: str, last: Position) -> _Start:
    """Return the runs to follow for a client that has all up to an event: resumable or active."""
    found = []
    for run in await _due_runs(thread_id, Run.created_at >= last.made):
        newest = await last_number(run.run_id)
        if is_resumable(run) and (newest or run.status in ACTIVE_RUN_STATES):
            found.append((run, last.number if run.created_at == last.made else 0))
        elif run.status in ACTIVE_RUN_STATES:
            found.append((run, newest))
    return found, last.made


async def _due_runs(thread_id: str, condition: Any) -> list[Run]:
    """Return runs of a thread in their order."""
    due = select(Run).where(*_due(thread_id), condition)
    async with _get_session_maker()() as session:
        return list(await session.scalars(due.order_by(Run.created_at, Run.run_id)))


def _due(thread_id: str) -> tuple[Any, Any]:
    """Return the conditions for runs of a thread that are due; delayed ones are not yet."""
    return Run.thread_id == thread_id, Run.created_at <= func.now()


def _modes(text: str | None) -> set[Mode]:
    modes: Any = {mode.strip() for mode in (text or "run_modes").split(",")}
    if wrong := modes - set(get_args(Mode)):
        raise HTTPException(422, f"stream_modes: there is no mode {min(wrong)!r}")
    return modes


def _position(last_event_id: str | None) -> Position | None:
    try:
        return read_event_id(last_event_id) if last_event_id else None
    except ValueError as error:
        raise HTTPException(422, f"Last-Event-ID: {error}") from None


def _channel(thread_id: str) -> str:
    return f"open-engine:thread:{thread_id}"
