"""Threads: made, read, changed, copied and deleted, as on a LangGraph server.

Aegra cannot copy a thread with its state and history. It puts keys of its own into a new thread's
metadata, ignores `supersteps` and `Prefer: return=minimal`, and shows neither values nor interrupts
nor errors.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from aegra_api.api import threads as routes
from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.database import db_manager
from aegra_api.core.orm import Thread, get_session
from aegra_api.models import User
from aegra_api.models.threads import ThreadTTLSpec
from fastapi import APIRouter, Depends, Header, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.state.access import ask_about_threads, metadata_of, require_thread
from open_engine.state.checkpoints import copy_thread
from open_engine.state.graphs import Superstep, apply_supersteps
from open_engine.state.records import record_state
from open_engine.state.threads import read_thread

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)
CurrentUser = Annotated[User, Depends(get_current_user)]
Session = Annotated[AsyncSession, Depends(get_session)]


class ThreadCreate(BaseModel):
    """A thread to make; unknown fields are ignored."""

    thread_id: UUID | None = None
    metadata: dict[str, Any] | None = None
    if_exists: Literal["raise", "do_nothing"] | None = None
    ttl: ThreadTTLSpec | None = None
    supersteps: list[Superstep] = Field(default_factory=list)


class ThreadPatch(BaseModel):
    """What to change of a thread."""

    metadata: dict[str, Any] | None = None
    ttl: ThreadTTLSpec | None = None


@router.post("/threads")
async def create(request: ThreadCreate, user: CurrentUser, session: Session) -> JSONResponse:
    """Make a thread, with a state if `supersteps` are given."""
    thread_id = str(request.thread_id or uuid4())
    metadata = await _metadata(request, thread_id, user)
    if request.supersteps and not metadata.get("graph_id"):
        raise HTTPException(422, "supersteps: the thread needs a graph_id in its metadata")
    row = insert(Thread).values(
        thread_id=thread_id, status="idle", metadata_json=metadata, user_id=user.identity
    )
    made = await session.scalar(row.on_conflict_do_nothing().returning(Thread.thread_id))
    if made is None:
        await _require_existing(session, thread_id, user, request)
    else:
        await _fill(session, thread_id, user, request, metadata)
    return JSONResponse(await read_thread(session, Thread.thread_id == thread_id))


@router.get("/threads/{thread_id}")
async def get(thread_id: UUID, user: CurrentUser, session: Session) -> JSONResponse:
    """Return a thread with its values."""
    thread = await require_thread(session, str(thread_id), user)
    return JSONResponse(await read_thread(session, Thread.thread_id == thread.thread_id))


@router.patch("/threads/{thread_id}")
async def update(
    thread_id: UUID,
    request: ThreadPatch,
    user: CurrentUser,
    session: Session,
    prefer: Annotated[str | None, Header()] = None,
) -> Response:
    """Merge metadata into a thread's, as Aegra does; answer nothing if that is preferred."""
    patch = routes.ThreadUpdate(metadata=request.metadata)
    await routes.update_thread(str(thread_id), patch, user, session)
    if ttl := request.ttl and routes._resolve_ttl_row(str(thread_id), request.ttl):
        await session.merge(ttl)
        await session.commit()
    if prefer == "return=minimal":
        return Response(status_code=204)
    return JSONResponse(await read_thread(session, Thread.thread_id == str(thread_id)))


@router.delete("/threads/{thread_id}", status_code=204)
async def delete(thread_id: UUID, user: CurrentUser, session: Session) -> Response:
    """Delete a thread as Aegra does, with its runs and checkpoints."""
    await routes.delete_thread(str(thread_id), user, session)
    return Response(status_code=204)


@router.post("/threads/{thread_id}/copy")
async def copy(thread_id: UUID, user: CurrentUser, session: Session) -> JSONResponse:
    """Make a thread with the metadata and checkpoints of another; its runs stay where they are."""
    conflict = HTTPException(409, f"Thread with ID {thread_id} not found")
    source = await require_thread(session, str(thread_id), user, missing=conflict)
    target = Thread(
        thread_id=str(uuid4()),
        status="idle",
        metadata_json=source.metadata_json,
        user_id=user.identity,
    )
    await ask_about_threads(user, "create", {"thread_id": target.thread_id})
    session.add(target)
    await session.flush()
    await copy_thread(session, source.thread_id, target.thread_id)
    await session.commit()
    target.status = await record_state(session, target.thread_id)
    await session.commit()
    return JSONResponse(await read_thread(session, Thread.thread_id == target.thread_id))


async def _metadata(request: ThreadCreate, thread_id: str, user: User) -> dict[str, Any]:
    """Return the metadata of a new thread; the app's auth handler may have added to it."""
    value = request.model_dump(mode="json") | {"thread_id": thread_id}
    value["metadata"] = value["metadata"] or {}
    return metadata_of(value, await ask_about_threads(user, "create", value))


async def _require_existing(
    session: AsyncSession, thread_id: str, user: User, request: ThreadCreate
) -> None:
    conflict = HTTPException(409, f"Thread with ID {thread_id} already exists")
    if request.if_exists != "do_nothing":
        raise conflict
    await require_thread(session, thread_id, user, missing=conflict)


async def _fill(
    session: AsyncSession,
    thread_id: str,
    user: User,
    request: ThreadCreate,
    metadata: dict[str, Any],
) -> None:
    """Store a new thread's time to live and its state, or do not make it at all. Commits."""
    if ttl := routes._resolve_ttl_row(thread_id, request.ttl):
        session.add(ttl)
    if request.supersteps:
        try:
            await apply_supersteps(thread_id, metadata["graph_id"], request.supersteps, user)
        except Exception:
            await db_manager.get_checkpointer().adelete_thread(thread_id)
            raise
        thread = await session.get(Thread, thread_id)
        assert thread is not None
        thread.status = await record_state(session, thread_id)
        thread.updated_at = datetime.now(UTC)
    await session.commit()
