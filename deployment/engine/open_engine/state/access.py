"""Which threads a caller may touch: the caller's own, that the app's auth handlers let through."""

from __future__ import annotations

from typing import Any

from aegra_api.core.auth_filters import build_metadata_filter
from aegra_api.core.auth_handlers import build_auth_context, handle_event
from aegra_api.core.orm import Thread
from aegra_api.models import User
from fastapi import HTTPException
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession


async def allowed_threads(
    user: User, action: str, value: dict[str, Any]
) -> list[ColumnElement[bool]]:
    """Ask the app's handler about an action on threads and return what limits a query to them.

    Args:
        user: who asks.
        action: `read`, `search`, `update`, `delete` or `create_run`.
        value: what is asked, which the handler may look at and change.

    Raises:
        HTTPException: 403, the handler refuses.
    """
    filters = await handle_event(build_auth_context(user, "threads", action), value)
    limits = [Thread.user_id == user.identity]
    if (limit := build_metadata_filter(Thread.metadata_json, filters)) is not None:
        limits.append(limit)
    return limits


async def require_thread(
    session: AsyncSession, thread_id: str, user: User, action: str = "read", missing: int = 404
) -> Thread:
    """Return a thread that the caller may touch.

    Raises:
        HTTPException: 404, or another code if `missing` says so: there is none; 403: refused.
    """
    limits = await allowed_threads(user, action, {"thread_id": thread_id})
    query = select(Thread).where(Thread.thread_id == thread_id, *limits)
    thread = await session.scalar(query.execution_options(populate_existing=True))
    if thread is None:
        raise HTTPException(missing, f"Thread with ID {thread_id} not found")
    return thread
