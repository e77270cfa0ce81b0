"""What a thread holds, kept up to date: after a run, an update, a rollback, a copy.

See `open_engine.state.tables` for why it is kept at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from aegra_api.core.orm import Thread, _get_session_maker
from aegra_api.services.langgraph_service import get_langgraph_service
from langgraph.types import StateSnapshot
from sqlalchemy import null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.state.tables import STATES
from open_engine.state.views import to_plain

logger = structlog.get_logger(__name__)


async def record_state(
    session: AsyncSession, thread_id: str, error: dict[str, Any] | None = None
) -> str:
    """Keep the newest state of a thread beside it. Does not commit.

    The thread's row is locked first, so that of two records the newer state stays and nobody
    deletes the thread in between. The state is read over a connection of its own: what `session`
    has done to the checkpoints must be committed.

    Args:
        session: for the table.
        thread_id: which.
        error: why its last run failed, if it did.

    Returns:
        The status of a thread with this state and no active run.
    """
    thread = await session.get(
        Thread, thread_id, populate_existing=True, with_for_update={"key_share": True}
    )
    if thread is None:  # deleted with its run
        return "idle"
    values: dict[str, Any] = {"error": error or null(), "state_updated_at": datetime.now(UTC)}
    snapshot = await _read(thread)
    if snapshot is not None:
        values |= _columns(snapshot)
    row = insert(STATES).values(thread_id=thread_id, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["thread_id"], set_=values))
    if error:
        return "error"
    return "interrupted" if snapshot is not None and snapshot.next else "idle"


async def read_state(thread_id: str) -> dict[str, Any]:
    """Return the newest values that were kept of a thread; none before its first run."""
    query = select(STATES.c.state).where(STATES.c.thread_id == thread_id)
    async with _get_session_maker()() as session:
        return await session.scalar(query) or {}


async def _read(thread: Thread) -> StateSnapshot | None:
    """Return a thread's newest state; None if no graph is named or it cannot be read."""
    graph_id = thread.metadata_json.get("graph_id")
    if not graph_id:
        return None
    config: Any = {"configurable": {"thread_id": thread.thread_id}}
    service = get_langgraph_service()
    try:
        async with service.get_graph(graph_id, access_context="threads.read") as graph:
            return await graph.aget_state(config)
    except Exception:  # the app's own code makes the graph; a run must end all the same
        logger.exception("A thread's state could not be read", thread_id=thread.thread_id)
        return None


def _columns(snapshot: StateSnapshot) -> dict[str, Any]:
    """Return what is kept of a state; nothing if it cannot be written as JSON."""
    has_checkpoint = snapshot.created_at is not None
    asked = {task.id: task.interrupts for task in snapshot.tasks if task.interrupts}
    try:
        values = to_plain(snapshot.values) if has_checkpoint else null()
        return {"state": values, "interrupts": to_plain(asked)}
    except Exception:  # the graph's own types; a run must end all the same
        logger.exception("A thread's values cannot be written as JSON")
        return {}
