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

Limits = list[ColumnElement[bool]]  # conditions of a query for threads
Filter = dict[str, Any] | None  # what a handler returns: the metadata that threads must have


async def ask_about_threads(user: User, action: str, value: dict[str, Any]) -> Filter:
    """Ask the app's handler about an action on threads, and return its filter.

    Args:
        user: who asks.
        action: `read`, `search`, `update`, `delete`, `create` or `create_run`.
        value: what is asked, which the handler may look at and change.

    Raises:
        HTTPException: 403, the handler refuses.
    """
    return await handle_event(build_auth_context(user, "threads", action), value)


def limits_of(user: User, filters: Filter) -> Limits:
    """Return what limits a query to a caller's threads that a handler's filter lets through."""
    limits = [Thread.user_id == user.identity]
    if (limit := build_metadata_filter(Thread.metadata_json, filters)) is not None:
        limits.append(limit)
    return limits


async def allowed_threads(user: User, action: str, value: dict[str, Any]) -> Limits:
    """Ask the app's handler about an action on threads, and return what limits a query to them.

    Raises:
        HTTPException: 403, the handler refuses.
    """
    return limits_of(user, await ask_about_threads(user, action, value))


async def find_thread(session: AsyncSession, thread_id: str, limits: Limits) -> Thread | None:
    """Return a thread within the limits of a caller; None if there is none."""
    query = select(Thread).where(Thread.thread_id == thread_id, *limits)
    return await session.scalar(query.execution_options(populate_existing=True))


async def require_thread(
    session: AsyncSession,
    thread_id: str,
    user: User,
    action: str = "read",
    missing: HTTPException | None = None,
    value: dict[str, Any] | None = None,
) -> Thread:
    """Return a thread that the caller may touch.

    Args:
        session: for the query.
        thread_id: which.
        user: who asks.
        action: what for, as `ask_about_threads` has it.
        missing: what to raise if there is no such thread; by default, `no_thread`.
        value: what the app's handler is told beside the thread's id.

    Raises:
        HTTPException: 404 or `missing`, there is none; 403, the handler refuses.
    """
    limits = await allowed_threads(user, action, {"thread_id": thread_id, **(value or {})})
    thread = await find_thread(session, thread_id, limits)
    if thread is None:
        raise missing or no_thread(thread_id)
    return thread


def no_thread(thread_id: str) -> HTTPException:
    """Return the 404 for a thread that is missing, or kept from the caller."""
    return HTTPException(404, f"Thread with ID {thread_id} not found")


def metadata_of(value: dict[str, Any], filters: Filter) -> dict[str, Any]:
    """Return the metadata of what is made: the app's handler may have added to it.

    Either in the value itself, or by a filter `{"metadata": {...}}`.
    """
    added = (filters or {}).get("metadata")
    return {**(value.get("metadata") or {}), **(added if isinstance(added, dict) else {})}
