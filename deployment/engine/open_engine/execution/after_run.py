"""What follows the end of a run: its rollback, its thread's status, its webhook.

Done by the worker that ran it, so that it does not depend on the client's connection. The thread
of a run without one is temporary, and deleted last. A run whose outcome was kept by `outcomes.py`
is marked "finished": its thread says what it should already.
"""

from __future__ import annotations

from datetime import UTC, datetime

from aegra_api.core.database import db_manager
from aegra_api.core.orm import Run, Thread, _get_session_maker
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from sqlalchemy import case, delete, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.execution.failures import error_of
from open_engine.execution.webhooks import deliver, result_of
from open_engine.state.checkpoints import forget_run
from open_engine.state.locks import lock_thread
from open_engine.state.records import record_state

_FINISHED = text("""UPDATE runs SET execution_params =
    jsonb_set(coalesce(execution_params, '{}'), '{finished}', 'true') WHERE run_id = :run_id""")


async def finish(run_id: str, thread_id: str) -> bool:
    """Do what is left to do after a worker has let a run go; return whether it has ended."""
    async with _get_session_maker()() as session:
        await lock_thread(session, thread_id)
        run = await session.get(Run, run_id)
        if run is None or run.status in ACTIVE_RUN_STATES:  # deleted, or handed over
            return run is None
        params = run.execution_params or {}
        extras = params.get("extras", {})
        if not params.get("finished"):
            await send_result(session, run)
        if params.get("rollback"):
            await roll_back(session, thread_id, run_id)
        elif not params.get("finished"):
            await settle_thread(session, thread_id)
            await session.execute(_FINISHED, {"run_id": run_id})
        await session.commit()
    if extras.get("temporary") and not extras.get("awaited"):
        await delete_thread(thread_id)
    return True


async def send_result(session: AsyncSession, run: Run) -> None:
    """Send a run's result to its webhook, if it has one, in the background."""
    url = (run.execution_params or {}).get("extras", {}).get("webhook")
    if url:
        deliver(url, result_of(run, await session.get(Thread, run.thread_id)))


async def is_finished(run_id: str) -> bool:
    """Return whether all that follows a run's end is done, or the run is gone."""
    async with _get_session_maker()() as session:
        run = await session.get(Run, run_id)
        return run is None or bool((run.execution_params or {}).get("finished"))


async def roll_back(session: AsyncSession, thread_id: str, run_id: str) -> None:
    """Delete a run and its checkpoints. Commits the deletion, not the thread's status."""
    await forget_run(session, thread_id, run_id)
    await session.execute(delete(Run).where(Run.run_id == run_id))
    await session.commit()  # the thread's state is read over another connection
    await lock_thread(session, thread_id)
    await settle_thread(session, thread_id)


async def settle_thread(session: AsyncSession, thread_id: str) -> None:
    """Set a thread's status to what its runs and its state say. Does not commit."""
    last = select(Run).where(Run.thread_id == thread_id, Run.status.not_in(ACTIVE_RUN_STATES))
    newest = await session.scalar(last.order_by(Run.updated_at.desc()).limit(1))
    status = await record_state(session, thread_id, error_of(newest) if newest else None)
    active = exists().where(Run.thread_id == thread_id, Run.status.in_(ACTIVE_RUN_STATES))
    values = {"status": case((active, "busy"), else_=status), "updated_at": datetime.now(UTC)}
    await session.execute(update(Thread).where(Thread.thread_id == thread_id).values(values))


async def delete_thread(thread_id: str) -> None:
    """Delete the temporary thread of a run, with its checkpoints."""
    await db_manager.get_checkpointer().adelete_thread(thread_id)
    async with _get_session_maker()() as session:
        thread = await session.get(Thread, thread_id)
        if thread is not None:
            await session.delete(thread)
            await session.commit()
