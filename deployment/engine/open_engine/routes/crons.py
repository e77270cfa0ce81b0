"""Crons: runs on a schedule, as a LangGraph server makes them.

Aegra starts a run when a cron is made and answers with that run, refuses schedules with seconds,
gives a cron's metadata and webhook to no run, and after a crash may make a run twice. Its loop and
its claims in Postgres, which keep replicas from taking the same cron, are used as they are; what
they do with a cron that is due, `CronScheduler._fire_cron`, is replaced: nothing else is called
there, and a run must be made as any other is, in order and with all that it was asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import structlog
from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.auth_filters import build_metadata_filter
from aegra_api.core.auth_handlers import build_auth_context, handle_event
from aegra_api.core.orm import Assistant, Cron, Thread, get_session
from aegra_api.models import User
from aegra_api.services.cron_scheduler import CronScheduler
from aegra_api.services.langgraph_service import get_langgraph_service
from aegra_api.utils.assistants import resolve_assistant_id
from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.execution.creation import create_run
from open_engine.execution.run_request import RunRequest
from open_engine.routes.assistant_service import SYSTEM, Assistants
from open_engine.routes.cron_requests import (
    CronChange,
    CronCount,
    CronCreate,
    CronSearch,
    next_date,
)
from open_engine.routes.pages import page
from open_engine.state.access import require_thread

logger = structlog.get_logger(__name__)
router = APIRouter(tags=["Crons"], dependencies=auth_dependency)

CurrentUser = Annotated[User, Depends(get_current_user)]
Session = Annotated[AsyncSession, Depends(get_session)]


def install() -> None:
    """Replace what Aegra's scheduler does with a cron that is due."""
    CronScheduler._fire_cron = staticmethod(fire)


@router.post("/runs/crons")
async def create(request: CronCreate, user: CurrentUser, session: Session) -> JSONResponse:
    """Make a cron whose runs each get a thread of their own."""
    return await _create(session, request, user, None)


@router.post("/threads/{thread_id}/runs/crons")
async def create_for_thread(
    thread_id: UUID, request: CronCreate, user: CurrentUser, session: Session
) -> JSONResponse:
    """Make a cron whose runs all use one thread."""
    return await _create(session, request, user, str(thread_id))


@router.post("/runs/crons/search")
async def search(request: CronSearch, user: CurrentUser, session: Session) -> JSONResponse:
    """Return the crons that fit, the newest first unless asked otherwise."""
    query = select(Cron).where(*await _conditions(request, user))
    column = getattr(Cron, request.sort_by)
    order = column.asc() if request.sort_order == "asc" else column.desc()
    query = query.order_by(order.nulls_last(), Cron.cron_id)
    rows = await session.scalars(query.limit(request.limit + 1).offset(request.offset))
    views = jsonable_encoder([_view(row) for row in rows])
    wanted = [{name: view[name] for name in request.select or view} for view in views]
    return page(wanted, request.limit, request.offset)


@router.post("/runs/crons/count")
async def count(request: CronCount, user: CurrentUser, session: Session) -> int:
    """Return how many crons fit."""
    query = select(func.count()).select_from(Cron).where(*await _conditions(request, user))
    return await session.scalar(query) or 0


@router.get("/runs/crons/{cron_id}")
async def get(cron_id: UUID, user: CurrentUser, session: Session) -> JSONResponse:
    """Return a cron."""
    return _answer(await _find(session, user, cron_id, "read"))


@router.patch("/runs/crons/{cron_id}")
async def change(
    cron_id: UUID, request: CronChange, user: CurrentUser, session: Session
) -> JSONResponse:
    """Change what the request names; metadata is merged, `end_time` null removes the end."""
    given = request.model_dump(mode="json", exclude_unset=True)
    named = {name: value for name, value in given.items() if value is not None}
    if not named and "end_time" not in given:
        raise HTTPException(400, "No fields to update")
    metadata = dict(named.get("metadata") or {})
    cron = await _find(session, user, cron_id, "update", payload=named, metadata=metadata)
    for name in ("schedule", "enabled", "on_run_completed"):
        setattr(cron, name, named.get(name, getattr(cron, name)))
    if "end_time" in given:
        cron.end_time = request.end_time
    cron.metadata_dict = {**cron.metadata_dict, **metadata}
    cron.payload = _payload(cron, {**cron.payload, **named})
    if "schedule" in named or "timezone" in named:
        cron.next_run_date = next_date(cron.schedule, cron.payload.get("timezone"))
    cron.updated_at = datetime.now(UTC)
    await session.commit()
    return _answer(cron)


@router.delete("/runs/crons/{cron_id}", status_code=204)
async def remove(cron_id: UUID, user: CurrentUser, session: Session) -> Response:
    """Delete a cron; the runs that it has made stay."""
    await session.delete(await _find(session, user, cron_id, "delete"))
    await session.commit()
    return Response(status_code=204)


async def fire(session: AsyncSession, due: Cron) -> None:
    """Make the run of a cron that is due, as if its user had asked for it.

    In Aegra's place. The next date is set first: if the server dies in between, a run is skipped
    rather than made twice.
    """
    cron = await session.get(Cron, due.cron_id, with_for_update=True)
    if cron is None:  # deleted in the meantime
        return
    cron.claimed_until = None
    cron.next_run_date = next_date(cron.schedule, cron.payload.get("timezone"))
    await session.commit()
    if not cron.enabled or (cron.end_time and cron.end_time < datetime.now(UTC)):
        return
    user = User(identity=cron.user_id, display_name="cron", is_authenticated=True)
    try:
        run = await create_run(session, cron.thread_id, _run_of(cron), user)
    except HTTPException as refused:
        logger.warning("A cron's run was refused", cron_id=due.cron_id, why=refused.detail)
    else:
        logger.info("A cron has made its run", cron_id=due.cron_id, run_id=run.run_id)


async def _create(
    session: AsyncSession, request: CronCreate, user: User, thread_id: str | None
) -> JSONResponse:
    now, cron_id, metadata = datetime.now(UTC), str(uuid4()), dict(request.metadata or {})
    given = request.model_dump(mode="json", exclude_unset=True)
    await _ask(
        user, "create", cron_id=cron_id, thread_id=thread_id, payload=given, metadata=metadata
    )
    cron = Cron(
        cron_id=cron_id,
        assistant_id=await _assistant(session, user, request.assistant_id),
        thread_id=thread_id and (await require_thread(session, thread_id, user)).thread_id,
        user_id=user.identity,
        schedule=request.schedule,
        metadata_dict=metadata,
        on_run_completed=None if thread_id else request.on_run_completed or "delete",
        enabled=request.enabled is not False,
        end_time=request.end_time,
        next_run_date=next_date(request.schedule, request.timezone),
        created_at=now,
        updated_at=now,
    )
    cron.payload = _payload(cron, given)
    session.add(cron)
    await session.commit()
    return _answer(cron)


def _payload(cron: Cron, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a cron keeps of its request: its runs are told which cron has made them."""
    config = given.get("config") or {}
    configurable = {**(config.get("configurable") or {}), "cron_id": cron.cron_id}
    config = {**config, "configurable": configurable}
    return {**given, "assistant_id": cron.assistant_id, "config": config}


def _run_of(cron: Cron) -> RunRequest:
    """Return the request for a cron's next run."""
    fields = {name: cron.payload[name] for name in RunRequest.model_fields if name in cron.payload}
    fields["metadata"] = cron.metadata_dict  # with what the auth handlers have added
    if cron.on_run_completed == "keep":
        fields["on_completion"] = "keep"
    if fields.get("context"):  # a run is given one of the two, not both
        fields["config"] = {**fields["config"], "configurable": {}}
    return RunRequest.model_validate(fields)


async def _ask(user: User, action: str, **value: Any) -> dict[str, Any] | None:
    """Ask the app's auth handlers; they may add to `metadata` and return a filter."""
    return await handle_event(build_auth_context(user, "crons", action), value)


async def _find(
    session: AsyncSession, user: User, cron_id: UUID, action: str, **value: Any
) -> Cron:
    filters = await _ask(user, action, cron_id=str(cron_id), **value)
    query = select(Cron).where(Cron.cron_id == str(cron_id), Cron.user_id == user.identity)
    cron = await session.scalar(
        query.where(*_filter(Cron.metadata_dict, filters)).with_for_update()
    )
    if cron is None:
        raise HTTPException(404, f"Cron '{cron_id}' not found")
    return cron


async def _conditions(request: CronCount, user: User) -> list[ColumnElement[bool]]:
    """Return what a search asks for, within what the auth handlers let the caller see."""
    exact = request.model_dump(mode="json", include={"assistant_id", "thread_id", "enabled"})
    wanted = [getattr(Cron, name) == value for name, value in exact.items() if value is not None]
    if request.metadata:
        wanted.append(Cron.metadata_dict.op("@>")(request.metadata))
    filters = await _ask(user, "search", **exact, metadata=request.metadata or {})
    action = "read" if request.thread_id else "search"
    context = build_auth_context(user, "threads", action)
    seen = _filter(Thread.metadata_json, await handle_event(context, exact))
    visible = or_(
        Cron.thread_id.is_(None), Cron.thread_id.in_(select(Thread.thread_id).where(*seen))
    )
    return [Cron.user_id == user.identity, *wanted, *_filter(Cron.metadata_dict, filters), visible]


async def _assistant(session: AsyncSession, user: User, name_or_id: str) -> str:
    """Return the id of an assistant that the caller may use; the default ones are everyone's."""
    graphs = get_langgraph_service()
    chosen = resolve_assistant_id(name_or_id, graphs.list_graphs())
    owner = await session.scalar(select(Assistant.user_id).where(Assistant.assistant_id == chosen))
    if owner != SYSTEM:
        await Assistants(session, user, graphs).get_assistant(chosen)
    return chosen


def _filter(column: Any, filters: dict[str, Any] | None) -> list[ColumnElement[bool]]:
    condition = build_metadata_filter(column, filters)
    return [] if condition is None else [condition]


def _answer(cron: Cron) -> JSONResponse:
    return JSONResponse(jsonable_encoder(_view(cron)))


def _view(cron: Cron) -> dict[str, Any]:
    return {
        "cron_id": cron.cron_id,
        "assistant_id": cron.assistant_id,
        "thread_id": cron.thread_id,
        "on_run_completed": cron.on_run_completed,
        "end_time": cron.end_time,
        "schedule": cron.schedule,
        "timezone": cron.payload.get("timezone"),
        "created_at": cron.created_at,
        "updated_at": cron.updated_at,
        "user_id": cron.user_id,
        "payload": cron.payload,
        "next_run_date": cron.next_run_date,
        "metadata": cron.metadata_dict,
        "enabled": cron.enabled,
    }
