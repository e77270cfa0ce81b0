"""Ending a run before its time: interrupted, with its state kept, or rolled back, as if never made.

Aegra has no rollback. A run that is to be rolled back is marked in its row; whoever ends it, the
worker or the look-out after a crash, deletes it with its checkpoints.
"""

from __future__ import annotations

from typing import Literal

from aegra_api.core.orm import Run
from aegra_api.services.streaming_service import streaming_service
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.execution.after_run import roll_back, settle_thread
from open_engine.execution.queue import tell_end
from open_engine.state.locks import lock_thread

Action = Literal["interrupt", "rollback"]

_MARK = text("""UPDATE runs SET execution_params =
    jsonb_set(coalesce(execution_params, '{}'), '{rollback}', 'true') WHERE run_id = :run_id""")
_END = text("""UPDATE runs SET status = 'interrupted', claimed_by = NULL, lease_expires_at = NULL,
    updated_at = now() WHERE run_id = :run_id AND status IN ('pending', 'running')
    AND (claimed_by IS NULL OR lease_expires_at < now()) RETURNING run_id""")


async def stop_run(session: AsyncSession, run: Run, action: Action) -> None:
    """End a run that is pending or running; its worker does it, if it has one.

    Args:
        session: is committed.
        run: which.
        action: what to do with what it has done.
    """
    run_id, thread_id = run.run_id, run.thread_id
    await lock_thread(session, thread_id)
    if action == "rollback":
        await session.execute(_MARK, {"run_id": run_id})
    ended = await session.scalar(_END, {"run_id": run_id})
    if ended and action == "rollback":
        await roll_back(session, thread_id, run_id)
    elif ended:
        await settle_thread(session, thread_id)
    await session.commit()
    if ended:
        await streaming_service.signal_run_cancelled(run_id)
        await tell_end(run_id)
    else:
        await streaming_service.interrupt_run(run_id)
