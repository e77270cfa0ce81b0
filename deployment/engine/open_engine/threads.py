"""Threads with their values, and searches that select and extract.

Aegra keeps a thread's state in its checkpoints only: `threads.get` and `threads.search` have no
`values`, `select` is refused and `extract` ignored. A LangGraph server has all of them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aegra_api.api import threads as routes
from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.database import db_manager
from aegra_api.core.orm import get_session
from aegra_api.core.serializers import LangGraphSerializer
from aegra_api.models import User
from aegra_api.models.threads import ThreadSearchRequest
from aegra_api.services.langgraph_service import get_langgraph_service
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.paths import check_path, read_path

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)

CurrentUser = Annotated[User, Depends(get_current_user)]
Session = Annotated[AsyncSession, Depends(get_session)]
Column = Literal["thread_id", "created_at", "updated_at", "metadata", "status", "values"]
Path = Annotated[str, AfterValidator(check_path)]


class ThreadSearch(ThreadSearchRequest):
    """What a client may ask of a search."""

    select: list[Column] | None = None
    extract: dict[str, Path] | None = Field(None, max_length=10)

    @field_validator("select")
    @classmethod
    def reject_unsupported_select(cls, value: list[Column] | None) -> list[Column] | None:
        """Accept what Aegra's validator of this name refuses."""
        return value


@router.post("/threads/search")
async def search_threads(
    request: ThreadSearch,
    user: CurrentUser,
    session: Session,
) -> JSONResponse:
    """Search threads as Aegra does; then add values, select and extract."""
    threads = [
        thread.model_dump(mode="json")
        for thread in await routes.search_threads(request, user, session)
    ]
    if _needs_values(request):
        for thread in threads:
            thread["values"] = await read_values(thread)
    return JSONResponse([_view(thread, request) for thread in threads])


@router.get("/threads/{thread_id}")
async def get_thread(
    thread_id: str,
    user: CurrentUser,
    session: Session,
) -> JSONResponse:
    """Return a thread as Aegra does, with its values."""
    thread = (await routes.get_thread(thread_id, user, session)).model_dump(mode="json")
    return JSONResponse({**thread, "values": await read_values(thread)})


async def read_values(thread: dict[str, Any]) -> dict[str, Any] | None:
    """Return the state of a thread as its last checkpoint holds it; None before the first run."""
    graph_id = thread["metadata"].get("graph_id")
    if not graph_id:
        return None
    config = {"configurable": {"thread_id": thread["thread_id"], "checkpoint_ns": ""}}
    saved = await db_manager.get_checkpointer().aget_tuple(config)
    if saved is None:
        return None
    async with get_langgraph_service().get_graph(graph_id, access_context="threads.read") as graph:
        public = graph.stream_channels_list
    channels = saved.checkpoint["channel_values"]
    values = {name: channels[name] for name in public if name in channels}
    return dict(LangGraphSerializer().serialize(values))


def _needs_values(search: ThreadSearch) -> bool:
    paths = (search.extract or {}).values()
    return not search.select or "values" in search.select or any(p[:6] == "values" for p in paths)


def _view(thread: dict[str, Any], search: ThreadSearch) -> dict[str, Any]:
    """Return the parts of a thread that a search asks for."""
    view = {name: thread[name] for name in search.select or thread if name in thread}
    if search.extract:
        view["extracted"] = {a: read_path(thread, path) for a, path in search.extract.items()}
    return view
