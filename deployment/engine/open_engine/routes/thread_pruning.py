"""Threads deleted by their ids, or cut down to their newest state.

Aegra's route of this name takes no ids: it deletes what has outlived its time to live.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from aegra_api.api.threads import delete_thread
from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.orm import Thread, get_session
from aegra_api.models import User
from aegra_api.services.thread_ttl import _prune_checkpoint_history
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.state.access import allowed_threads

router = APIRouter(tags=["Threads"], dependencies=auth_dependency)


class ThreadPrune(BaseModel):
    """Which threads to prune, and how."""

    thread_ids: list[UUID]
    strategy: Literal["delete", "keep_latest"] = "delete"


@router.post("/threads/prune")
async def prune(
    request: ThreadPrune,
    user: Annotated[User, Depends(get_current_user)],
    session: Annotated[AsyncSession, Depends(get_session)],
) -> dict[str, int]:
    """Prune the threads that exist, and return their number.

    A thread with an active run keeps its history.
    """
    ids = [str(each) for each in request.thread_ids]
    where = await allowed_threads(user, "delete", {"thread_ids": ids})
    if request.strategy == "keep_latest":
        where.append(Thread.status != "busy")
    found = await session.scalars(select(Thread.thread_id).where(Thread.thread_id.in_(ids), *where))
    pruned = found.all()
    for thread_id in pruned:
        if request.strategy == "delete":
            await delete_thread(thread_id, user, session)
        else:
            await _prune_checkpoint_history(thread_id)
    return {"pruned_count": len(pruned)}
