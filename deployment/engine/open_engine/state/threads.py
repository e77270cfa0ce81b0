"""A thread as a LangGraph server shows it; `select` and `extract` take parts of it."""

from __future__ import annotations

from typing import Any

from aegra_api.core.orm import Thread
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.state.tables import STATES

updated = func.coalesce(STATES.c.state_updated_at, Thread.created_at)
COLUMNS: dict[str, Any] = {
    "thread_id": Thread.thread_id,
    "created_at": Thread.created_at,
    "updated_at": Thread.updated_at,
    "state_updated_at": updated,
    "metadata": Thread.metadata_json,
    "status": Thread.status,
    "values": STATES.c.state,
    "interrupts": func.coalesce(STATES.c.interrupts, func.jsonb_build_object()),
    "error": STATES.c.error,
}


def select_threads(fields: set[str] | None = None) -> Select[Any]:
    """Return a query for threads, with these fields or all; `read_threads` answers it."""
    columns = [value.label(name) for name, value in COLUMNS.items() if not fields or name in fields]
    joined = STATES.c.thread_id == Thread.thread_id
    return select(*columns).select_from(Thread).outerjoin(STATES, joined)


async def read_threads(session: AsyncSession, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the threads that a query finds, as JSON-compatible data."""
    rows = (await session.execute(query)).mappings()
    return [{name: _plain(value) for name, value in row.items()} | {"config": {}} for row in rows]


async def read_thread(session: AsyncSession, *where: ColumnElement[bool]) -> dict[str, Any]:
    """Return the one thread that fits."""
    [thread] = await read_threads(session, select_threads().where(*where))
    return thread


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
