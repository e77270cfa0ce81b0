"""A copy of a thread, with its state and history, which Aegra cannot make."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.auth_handlers import build_auth_context, handle_event
from aegra_api.core.orm import Thread, get_session
from aegra_api.models import User
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.access import require_thread
from open_engine.checkpoints import copy_thread
from open_engine.thread_records import record_state
from open_engine.thread_views import read_thread

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)


@router.post("/threads/{thread_id}/copy")
async def copy(
    thread_id: UUID,
    user: Annotated[User, Depends(get_current_user)],
    session: Annotated[AsyncSession, Depends(get_session)],
) -> JSONResponse:
    """Make a thread with the metadata and checkpoints of another; its runs stay where they are."""
    source = await require_thread(session, str(thread_id), user, missing=409)
    target = Thread(
        thread_id=str(uuid4()),
        status="idle",
        metadata_json=source.metadata_json,
        user_id=user.identity,
    )
    await handle_event(
        build_auth_context(user, "threads", "create"), {"thread_id": target.thread_id}
    )
    session.add(target)
    await session.flush()
    await copy_thread(session, source.thread_id, target.thread_id)
    await session.commit()
    target.status = await record_state(session, target.thread_id)
    await session.commit()
    return JSONResponse(await read_thread(session, Thread.thread_id == target.thread_id))
