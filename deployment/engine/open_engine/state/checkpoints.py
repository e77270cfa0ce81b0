"""What Aegra's checkpointer cannot do: forget the checkpoints of a run, copy those of a thread.

The tables are those of langgraph-checkpoint-postgres 3.2 (`checkpoint/postgres/base.py`). A
checkpoint carries the id of its run in its metadata.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_OF_RUN = """SELECT checkpoint_ns, checkpoint_id FROM checkpoints
    WHERE thread_id = :thread_id AND metadata->>'run_id' = :run_id"""
_FORGET = (
    f"""DELETE FROM checkpoint_writes WHERE thread_id = :thread_id
    AND (checkpoint_ns, checkpoint_id) IN ({_OF_RUN})""",
    "DELETE FROM checkpoints WHERE thread_id = :thread_id AND metadata->>'run_id' = :run_id",
    # Values that no checkpoint of the thread names any more.
    """DELETE FROM checkpoint_blobs blob WHERE thread_id = :thread_id AND NOT EXISTS (
        SELECT FROM checkpoints c WHERE c.thread_id = :thread_id
        AND c.checkpoint_ns = blob.checkpoint_ns
        AND c.checkpoint->'channel_versions'->>blob.channel = blob.version)""",
)
_COPY = (
    """INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type,
        checkpoint, metadata) SELECT :target, checkpoint_ns, checkpoint_id, parent_checkpoint_id,
        type, checkpoint, metadata || jsonb_build_object('thread_id', CAST(:target AS text))
        FROM checkpoints WHERE thread_id = :source""",
    """INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
        SELECT :target, checkpoint_ns, channel, version, type, blob
        FROM checkpoint_blobs WHERE thread_id = :source""",
    """INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx,
        channel, type, blob, task_path) SELECT :target, checkpoint_ns, checkpoint_id, task_id,
        idx, channel, type, blob, task_path FROM checkpoint_writes WHERE thread_id = :source""",
)


async def forget_run(session: AsyncSession, thread_id: str, run_id: str) -> None:
    """Delete the checkpoints of a run, with their writes and values. Does not commit."""
    for statement in _FORGET:
        await session.execute(text(statement), {"thread_id": thread_id, "run_id": run_id})


async def copy_thread(session: AsyncSession, source: str, target: str) -> None:
    """Copy all checkpoints of a thread to another. Does not commit."""
    for statement in _COPY:
        await session.execute(text(statement), {"source": source, "target": target})
