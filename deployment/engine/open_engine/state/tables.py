"""The one table that Aegra does not have: what each thread holds, beside its checkpoints.

Aegra keeps a thread's state in its checkpoints only, packed and in pieces, where SQL cannot look
into it. A LangGraph server finds and counts threads by their values, and shows them in every list.
So the newest state is kept a second time, as JSON, whenever a run ends or a state is updated.
"""

from __future__ import annotations

from aegra_api.core.database import db_manager
from aegra_api.core.orm import JsonbSafe
from sqlalchemy import TIMESTAMP, Text, column, table, text

STATES = table(
    "open_engine_thread",
    column("thread_id", Text),
    # The values of the graph's public channels; null before the first run.
    column("state", JsonbSafe),
    column("interrupts", JsonbSafe),  # what is asked, by the id of the task that asks
    column("error", JsonbSafe),  # why the last run failed; null if it did not
    column("state_updated_at", TIMESTAMP(timezone=True)),
)

_CREATE = (
    "SELECT pg_advisory_xact_lock(20261121)",  # replicas that start at the same time take turns
    """CREATE TABLE IF NOT EXISTS open_engine_thread (
        thread_id text PRIMARY KEY REFERENCES thread ON DELETE CASCADE,
        state jsonb,
        interrupts jsonb NOT NULL DEFAULT '{}',
        error jsonb,
        state_updated_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE INDEX IF NOT EXISTS open_engine_thread_state
        ON open_engine_thread USING gin (state jsonb_path_ops)""",
)


async def create_tables() -> None:
    """Make the table unless it is there. Aegra's own must be there already."""
    async with db_manager.get_engine().begin() as connection:
        for statement in _CREATE:
            await connection.execute(text(statement))
