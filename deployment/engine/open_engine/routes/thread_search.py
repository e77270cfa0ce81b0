"""Threads found and counted by ids, metadata, values and status; `select` and `extract`.

Aegra knows neither `ids` nor `values` nor `count`, refuses `select` and ignores `extract`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.orm import Thread, get_session
from aegra_api.models import User
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.routes.pages import page
from open_engine.routes.paths import check_path, read_path
from open_engine.state.access import allowed_threads
from open_engine.state.tables import STATES
from open_engine.state.threads import COLUMNS, read_threads, select_threads

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)
CurrentUser = Annotated[User, Depends(get_current_user)]
Session = Annotated[AsyncSession, Depends(get_session)]
Status = Literal["idle", "busy", "interrupted", "error"]
SortBy = Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"]
Field_ = Literal[
    "thread_id",
    "created_at",
    "updated_at",
    "state_updated_at",
    "metadata",
    "config",
    "status",
    "values",
    "interrupts",
    "error",
]
Alias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Path = Annotated[str, AfterValidator(check_path)]


class ThreadCount(BaseModel):
    """Which threads are meant: those that contain all that is named."""

    metadata: dict[str, Any] | None = None
    values: dict[str, Any] | None = None
    status: Status | None = None


class ThreadSearch(ThreadCount):
    """Which threads are wanted, in which order, and what of them."""

    ids: list[UUID] | None = None
    limit: int = Field(10, ge=1, le=1000)
    offset: int = Field(0, ge=0)
    sort_by: SortBy | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[Field_] | None = None
    extract: dict[Alias, Path] | None = Field(None, max_length=10)


@router.post("/threads/search")
async def search(request: ThreadSearch, user: CurrentUser, session: Session) -> JSONResponse:
    """Return the threads that fit, the newest first unless another order is asked for."""
    where = await _conditions(request, user)
    query = _sort(select_threads(_needed(request)).where(*where), request)
    rows = query.limit(request.limit + 1).offset(request.offset)
    views = [_view(thread, request) for thread in await read_threads(session, rows)]
    return page(views, request.limit, request.offset)


@router.post("/threads/count")
async def count(request: ThreadCount, user: CurrentUser, session: Session) -> int:
    """Return how many threads fit."""
    joined = STATES.c.thread_id == Thread.thread_id
    query = select(func.count()).select_from(Thread).outerjoin(STATES, joined)
    return int(await session.scalar(query.where(*await _conditions(request, user))) or 0)


async def _conditions(request: ThreadCount, user: User) -> list[ColumnElement[bool]]:
    where = await allowed_threads(user, "search", request.model_dump(mode="json"))
    if request.metadata:
        where.append(Thread.metadata_json.op("@>")(request.metadata))
    if request.values:
        where.append(STATES.c.state.op("@>")(request.values))
    if request.status:
        where.append(Thread.status == request.status)
    if isinstance(request, ThreadSearch) and request.ids:
        where.append(Thread.thread_id.in_([str(each) for each in request.ids]))
    return where


def _needed(search: ThreadSearch) -> set[str] | None:
    """Return the fields to read; None for all. Values may be long, and are read only if needed."""
    if not search.select:
        return None
    roots = {path.partition(".")[0].partition("[")[0] for path in (search.extract or {}).values()}
    return {"thread_id", *search.select, *roots}


def _sort(query: Select[Any], search: ThreadSearch) -> Select[Any]:
    key = COLUMNS[search.sort_by or "created_at"]
    up = search.sort_by is not None and search.sort_order == "asc"
    return query.order_by(key.asc() if up else key.desc(), Thread.thread_id)


def _view(thread: dict[str, Any], search: ThreadSearch) -> dict[str, Any]:
    """Return the parts of a thread that a search asks for."""
    view = {name: thread[name] for name in search.select or thread}
    if search.extract:
        view["extracted"] = {a: read_path(thread, path) for a, path in search.extract.items()}
    return view
