"""The routes of runs, as on a LangGraph server, in front of Aegra's."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.orm import Run, Thread, _get_session_maker
from aegra_api.models import RunsCancel, User
from aegra_api.services.langgraph_service import get_langgraph_service
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.execution.after_run import roll_back
from open_engine.execution.cancelling import Action, stop_run
from open_engine.execution.creation import create_run
from open_engine.execution.events import is_resumable, last_number, number_in, stream_events
from open_engine.execution.run_request import RunRequest
from open_engine.routes.run_answers import location, result_answer, stream_answer
from open_engine.routes.thread_stream import tell_run
from open_engine.state.access import allowed_threads, require_thread
from open_engine.state.views import run_view

router = APIRouter(tags=["Runs"], dependencies=auth_dependency)
CurrentUser = Annotated[User, Depends(get_current_user)]
Status = Literal["pending", "running", "success", "error", "timeout", "interrupted"]


@router.post("/threads/{thread_id}/runs")
async def create(thread_id: UUID, request: RunRequest, user: CurrentUser) -> JSONResponse:
    """Make a run on a thread; it goes on by itself."""
    run = await _make(str(thread_id), request, user)
    return JSONResponse(_as_made(run), headers=location(run))


@router.post("/runs")
async def create_stateless(request: RunRequest, user: CurrentUser) -> JSONResponse:
    """Make a run without a thread."""
    run = await _make(None, request, user)
    return JSONResponse(_as_made(run), headers=location(run))


@router.post("/runs/batch")
async def create_batch(requests: list[RunRequest], user: CurrentUser) -> JSONResponse:
    """Make several runs without threads."""
    return JSONResponse([_as_made(await _make(None, each, user)) for each in requests])


@router.post("/threads/{thread_id}/runs/wait")
async def wait(thread_id: UUID, request: RunRequest, user: CurrentUser) -> StreamingResponse:
    """Make a run on a thread and answer with its result."""
    run = await _make(str(thread_id), request, user, awaited=True)
    return result_answer(run, cancel=request.on_disconnect == "cancel")


@router.post("/runs/wait")
async def wait_stateless(request: RunRequest, user: CurrentUser) -> StreamingResponse:
    """Make a run without a thread and answer with its result."""
    run = await _make(None, request, user, awaited=True)
    return result_answer(run, cancel=request.on_disconnect == "cancel")


@router.post("/threads/{thread_id}/runs/stream")
async def stream(thread_id: UUID, request: RunRequest, user: CurrentUser) -> Response:
    """Make a run on a thread and stream its events."""
    run = await _make(str(thread_id), request, user, awaited=True)
    return stream_answer(run, stream_events(run), cancel=request.on_disconnect == "cancel")


@router.post("/runs/stream")
async def stream_stateless(request: RunRequest, user: CurrentUser) -> Response:
    """Make a run without a thread and stream its events."""
    run = await _make(None, request, user, awaited=True)
    return stream_answer(run, stream_events(run), cancel=request.on_disconnect == "cancel")


@router.get("/threads/{thread_id}/runs")
async def list_runs(
    thread_id: UUID,
    user: CurrentUser,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    offset: Annotated[int, Query(ge=0)] = 0,
    status: Status | None = None,
    select_: Annotated[list[str] | None, Query(alias="select")] = None,
) -> JSONResponse:
    """Return the runs of a thread, the newest first."""
    async with _get_session_maker()() as session:
        await require_thread(session, str(thread_id), user, "search")
        query = select(Run).where(Run.thread_id == str(thread_id))
        if status:
            query = query.where(Run.status == status)
        newest = query.order_by(Run.created_at.desc()).limit(limit).offset(offset)
        views = [run_view(run) for run in await session.scalars(newest)]
    wanted = [{name: view[name] for name in select_ or view if name in view} for view in views]
    return JSONResponse(wanted)


@router.get("/threads/{thread_id}/runs/{run_id}")
async def get(thread_id: UUID, run_id: UUID, user: CurrentUser) -> JSONResponse:
    """Return a run."""
    async with _get_session_maker()() as session:
        return JSONResponse(run_view(await _find_run(session, thread_id, run_id, user)))


@router.patch("/threads/{thread_id}/runs/{run_id}", include_in_schema=False)
async def change(thread_id: UUID, run_id: UUID) -> None:
    """Answer as a LangGraph server, which has no such route; Aegra does."""
    raise HTTPException(405, "Method Not Allowed")


@router.get("/threads/{thread_id}/runs/{run_id}/join")
async def join(thread_id: UUID, run_id: UUID, user: CurrentUser) -> StreamingResponse:
    """Wait for a run and answer with its result."""
    async with _get_session_maker()() as session:
        return result_answer(await _find_run(session, thread_id, run_id, user))


@router.get("/threads/{thread_id}/runs/{run_id}/stream")
async def join_stream(
    thread_id: UUID,
    run_id: UUID,
    user: CurrentUser,
    stream_mode: str | None = None,
    cancel_on_disconnect: bool = False,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Stream the events of a run from now on, or from an event on if the run is resumable."""
    async with _get_session_maker()() as session:
        run = await _find_run(session, thread_id, run_id, user)
    if last_event_id and is_resumable(run):
        after = number_in(run, last_event_id)
    else:
        after = await last_number(run.run_id)
    events = stream_events(run, after, _modes(stream_mode))
    return stream_answer(run, events, cancel=cancel_on_disconnect)


@router.post("/threads/{thread_id}/runs/{run_id}/cancel")
async def cancel(
    thread_id: UUID,
    run_id: UUID,
    user: CurrentUser,
    wait: bool = False,
    action: Action = "interrupt",
) -> Response:
    """End a run before its time, and wait until it has ended if asked."""
    async with _get_session_maker()() as session:
        run = await _find_run(session, thread_id, run_id, user, "update", {"action": action})
        if run.status not in ACTIVE_RUN_STATES:
            raise HTTPException(404, f"Run {run_id} is not active: its status is {run.status}")
        await stop_run(session, run, action)
    return result_answer(run) if wait else Response(status_code=202)


@router.post("/runs/cancel", status_code=204)
async def cancel_many(
    request: RunsCancel, user: CurrentUser, action: Action = "interrupt"
) -> Response:
    """End several runs before their time."""
    async with _get_session_maker()() as session:
        limits = await allowed_threads(user, "update", {**request.model_dump(), "action": action})
        mine = Run.thread_id.in_(select(Thread.thread_id).where(*limits))
        query = select(Run).where(mine, Run.status.in_(ACTIVE_RUN_STATES))
        if request.status in ACTIVE_RUN_STATES:
            query = query.where(Run.status == request.status)
        elif request.status is None:
            query = query.where(Run.thread_id == request.thread_id)
            query = query.where(Run.run_id.in_(request.run_ids or []))
        runs = (await session.scalars(query)).all()
        if not runs:
            raise HTTPException(404, "No runs found to cancel.")
        for run in runs:
            await stop_run(session, run, action)
    return Response(status_code=204)


@router.delete("/threads/{thread_id}/runs/{run_id}", status_code=204)
async def delete(thread_id: UUID, run_id: UUID, user: CurrentUser) -> Response:
    """Delete a run with its checkpoints; one that is active is ended first."""
    async with _get_session_maker()() as session:
        run = await _find_run(session, thread_id, run_id, user, "delete")
        if run.status in ACTIVE_RUN_STATES:
            await stop_run(session, run, "rollback")
        else:
            await roll_back(session, run.thread_id, run.run_id)
            await session.commit()
    return Response(status_code=204)


def _as_made(run: Run) -> dict[str, Any]:
    """Return a new run as on a LangGraph server: pending, though a worker may have it already."""
    return {**run_view(run), "status": "pending"}


async def _make(
    thread_id: str | None, request: RunRequest, user: User, *, awaited: bool = False
) -> Run:
    _check(request)
    async with _get_session_maker()() as session:
        run = await create_run(session, thread_id, request, user, awaited=awaited)
    await tell_run(run.thread_id)
    return run


def _check(request: RunRequest) -> None:
    """Refuse what cannot be carried out.

    Raises:
        HTTPException: 422 for an assistant that is neither a graph nor a UUID, 400 for a context
            that is given twice.
    """
    graphs = get_langgraph_service().list_graphs()
    if request.assistant_id not in graphs and not _is_uuid(request.assistant_id):
        known = ", ".join(graphs)
        raise HTTPException(
            422, f"assistant_id: {request.assistant_id!r} is neither a UUID nor one of {known}"
        )
    if request.context and (request.config or {}).get("configurable"):
        raise HTTPException(400, "context and config.configurable: give one of them, best context")


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


async def _find_run(
    session: AsyncSession,
    thread_id: UUID,
    run_id: UUID,
    user: User,
    action: str = "read",
    value: dict[str, Any] | None = None,
) -> Run:
    """Return a run on a thread that the caller may touch, for an action as `require_thread`'s.

    Raises:
        HTTPException: 404, there is no such run; 403, the app's auth handler refuses.
    """
    missing = HTTPException(404, f"Run with ID {run_id} not found")
    value = {"run_id": str(run_id), **(value or {})}
    thread = await require_thread(session, str(thread_id), user, action, missing, value)
    run = await session.get(Run, str(run_id))
    if run is None or run.thread_id != thread.thread_id:
        raise missing
    return run


def _modes(stream_mode: str | None) -> list[str]:
    """Return the modes of a query, which names one or holds a JSON list; empty for all."""
    if not stream_mode:
        return []
    try:
        modes = json.loads(stream_mode) if stream_mode.startswith("[") else [stream_mode]
    except json.JSONDecodeError:
        raise HTTPException(422, f"stream_mode: {stream_mode!r} is no JSON list") from None
    return [str(mode) for mode in modes]
