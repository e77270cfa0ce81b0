"""A thread's state: read, updated, and its history.

Aegra's update answers without the ids that clients look for and leaves the thread's status as it
was; its history cannot be filtered by metadata; a subgraph's state cannot be read by its place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.orm import Run, Thread, _get_session_maker
from aegra_api.models import User
from aegra_api.services.langgraph_service import create_thread_config
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import select

from open_engine.routes.thread_stream import tell_state
from open_engine.state.access import require_thread
from open_engine.state.graphs import open_graph
from open_engine.state.locks import lock_thread
from open_engine.state.records import record_state
from open_engine.state.views import checkpoint_view, empty_view, state_view

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)
CurrentUser = Annotated[User, Depends(get_current_user)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Checkpoint(BaseModel):
    """A place in a thread's history; the thread is the path's, whatever else is named."""

    checkpoint_ns: str = ""
    checkpoint_id: str | None = None
    checkpoint_map: dict[str, str] | None = None


class StateAt(BaseModel):
    """A state to read."""

    checkpoint: Checkpoint
    subgraphs: bool = False


class StateUpdate(BaseModel):
    """A state to write; without values, the node counts as run without writing anything."""

    values: dict[str, Any] | list[Any] | None = None
    as_node: str | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_id: str | None = None


class History(BaseModel):
    """Which states to list."""

    limit: int = Field(1, ge=1, le=1000)
    before: dict[str, Any] | str | None = None
    metadata: dict[str, Any] | None = None
    checkpoint: Checkpoint | None = None


@router.get("/threads/{thread_id}/state")
async def get(thread_id: UUID, user: CurrentUser, subgraphs: bool = False) -> JSONResponse:
    """Return a thread's newest state."""
    return await _state(thread_id, Checkpoint(), user, subgraphs)


@router.get("/threads/{thread_id}/state/{checkpoint_id}")
async def get_at(
    thread_id: UUID, checkpoint_id: str, user: CurrentUser, subgraphs: bool = False
) -> JSONResponse:
    """Return a thread's state at a checkpoint."""
    return await _state(thread_id, Checkpoint(checkpoint_id=checkpoint_id), user, subgraphs)


@router.post("/threads/{thread_id}/state/checkpoint")
async def post_at(thread_id: UUID, request: StateAt, user: CurrentUser) -> JSONResponse:
    """Return a thread's or a subgraph's state, at a checkpoint or the newest."""
    return await _state(thread_id, request.checkpoint, user, request.subgraphs)


@router.post("/threads/{thread_id}/state")
async def update(thread_id: UUID, request: StateUpdate, user: CurrentUser) -> JSONResponse:
    """Write a checkpoint as if a node had made this update."""
    target = str(thread_id)
    async with _get_session_maker()() as session:
        await lock_thread(session, target)
        thread = await require_thread(session, target, user, "update")
        active = select(Run.run_id).where(
            Run.thread_id == target, Run.status.in_(ACTIVE_RUN_STATES)
        )
        if await session.scalar(active.limit(1)):
            raise HTTPException(409, f"Thread {thread_id} has runs that have not ended yet")
        checkpoint = await _write(thread, request, user)
        thread.status = await record_state(session, target)
        thread.updated_at = datetime.now(UTC)
        await session.commit()
    await tell_state(target, await _read(thread, Checkpoint(), user))
    names = checkpoint_view({"configurable": checkpoint})
    return JSONResponse(
        {
            "checkpoint": names,
            "configurable": names,
            "checkpoint_id": checkpoint["checkpoint_id"],
        }
    )


@router.get("/threads/{thread_id}/history")
async def get_history(
    thread_id: UUID, user: CurrentUser, limit: Limit = 1, before: str | None = None
) -> JSONResponse:
    """Return a thread's states, the newest first."""
    return await post_history(thread_id, History(limit=limit, before=before), user)


@router.post("/threads/{thread_id}/history")
async def post_history(thread_id: UUID, request: History, user: CurrentUser) -> JSONResponse:
    """Return a thread's or a subgraph's states, the newest first."""
    thread = await _thread(thread_id, user)
    graph_id = thread.metadata_json.get("graph_id")
    if not graph_id:
        return JSONResponse([])
    config: Any = _config(thread, user, request.checkpoint or Checkpoint())
    async with open_graph(graph_id, config, "threads.read", user) as graph:
        states = graph.aget_state_history(
            config, filter=request.metadata, before=_before(request.before), limit=request.limit
        )
        return JSONResponse([state_view(state) async for state in states])


async def _state(
    thread_id: UUID, checkpoint: Checkpoint, user: User, subgraphs: bool
) -> JSONResponse:
    thread = await _thread(thread_id, user)
    return JSONResponse(await _read(thread, checkpoint, user, subgraphs))


async def _read(
    thread: Thread, checkpoint: Checkpoint, user: User, subgraphs: bool = False
) -> dict[str, Any]:
    graph_id = thread.metadata_json.get("graph_id")
    if not graph_id:
        return empty_view()
    config: Any = _config(thread, user, checkpoint)
    async with open_graph(graph_id, config, "threads.read", user) as graph:
        return state_view(await graph.aget_state(config, subgraphs=subgraphs))


async def _thread(thread_id: UUID, user: User) -> Thread:
    async with _get_session_maker()() as session:
        return await require_thread(session, str(thread_id), user)


async def _write(thread: Thread, request: StateUpdate, user: User) -> dict[str, Any]:
    """Write a checkpoint and return what names it."""
    graph_id = thread.metadata_json.get("graph_id")
    if not graph_id:
        raise HTTPException(
            400,
            f"Thread {thread.thread_id} has no graph: run one on it, or set graph_id in its "
            "metadata, before you update its state",
        )
    checkpoint = request.checkpoint or Checkpoint(checkpoint_id=request.checkpoint_id)
    config: Any = _config(thread, user, checkpoint)
    config["configurable"]["graph_id"] = graph_id
    async with open_graph(graph_id, config, "threads.update", user) as graph:
        written = await graph.aupdate_state(config, request.values, as_node=request.as_node)
    return dict(written["configurable"])


def _config(thread: Thread, user: User, checkpoint: Checkpoint) -> dict[str, Any]:
    config = create_thread_config(thread.thread_id, user)
    config["configurable"] |= checkpoint.model_dump(exclude_none=True)
    return config


def _before(before: dict[str, Any] | str | None) -> Any:
    """Return a place as a configuration: clients send its id, the place or a configuration."""
    if isinstance(before, str):
        return {"configurable": {"checkpoint_id": before}}
    return before if before is None or "configurable" in before else {"configurable": before}
