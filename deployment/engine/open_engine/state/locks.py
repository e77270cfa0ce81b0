"""One change at a time to the runs of a thread, whichever replica asks.

The lock is Postgres' own (`pg_advisory_xact_lock`) and ends with the transaction, so that a replica
that dies holds nothing.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:thread_id, 20261121))")


async def lock_thread(session: AsyncSession, thread_id: str) -> None:
    """Wait until no other transaction changes the runs of a thread."""
    await session.execute(_LOCK, {"thread_id": thread_id})
