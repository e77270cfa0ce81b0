"""How a run ended: in the words of a LangGraph server, and known before anyone hears of the end.

Aegra calls a run that asks a person "interrupted"; a LangGraph server calls it a success, and its
thread interrupted. Aegra tells clients that a run failed, but keeps why to itself. And the thread's
values must be there when the stream of the run's events ends.

Aegra offers no other way in than to replace three of its functions (`install`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.services import run_executor
from aegra_api.services.run_status import ACTIVE_RUN_STATES, _safe_serialize
from aegra_api.services.streaming_service import streaming_service

from open_engine.execution.after_run import send_result, settle_thread
from open_engine.execution.failures import error_of, take_failure
from open_engine.execution.lost_connection import IN_SERVER, handed_over
from open_engine.execution.queue import tell_end
from open_engine.state.locks import lock_thread

_signal_run_error = streaming_service.signal_run_error


def install() -> None:
    """Replace `start_run` and `finalize_run`, as Aegra's run executor calls them.

    Of its streaming service, `signal_run_error` is replaced.
    """
    run_executor.start_run = started
    run_executor.finalize_run = finalize
    streaming_service.signal_run_error = signal_error


async def started(run_id: str, *, user_id: str) -> bool:
    """Always let the run start: `queue.take` has marked it as running already."""
    return True


async def finalize(run_id: str, thread_id: str, *, status: str, **outcome: Any) -> bool:
    """Keep a run's outcome, or hand the run over; in place of Aegra's `finalize_run`.

    Returns:
        Whether it was kept: not if somebody else has ended the run meanwhile.
    """
    with handed_over(run_id, () if status == "error" else IN_SERVER):
        return await keep(run_id, thread_id, status=status, **outcome)


async def keep(
    run_id: str,
    thread_id: str,
    *,
    user_id: str,
    status: str,
    thread_status: str,
    output: Any = None,
    error: str | None = None,
) -> bool:
    """Keep a run's outcome and its thread's state; return whether it was still active."""
    asks = (status, thread_status) == ("interrupted", "interrupted")
    failure = take_failure(run_id)
    if error is not None:  # without an exception: it took too long
        failure = failure or {"error": "TimeoutError", "message": error}
    async with _get_session_maker()() as session:
        await lock_thread(session, thread_id)
        run = await session.get(Run, run_id)
        if run is None or run.status not in ACTIVE_RUN_STATES:
            return False
        run.status = "success" if asks else status
        run.output = _safe_serialize(output, run_id)
        run.error_message = error
        run.updated_at = datetime.now(UTC)
        undone = (run.execution_params or {}).get("rollback", False)
        ending = {"error": failure} if failure else {}
        run.execution_params = {**(run.execution_params or {}), **ending, "finished": not undone}
        if not undone:
            await settle_thread(session, thread_id)
        await session.commit()
        if not undone:  # here, because who is told of the end may delete the run
            await send_result(session, run)
            await tell_end(run_id)
    return True


async def signal_error(run_id: str, message: str, error_type: str = "Error") -> None:
    """Tell a run's listeners why it failed; in place of Aegra's `signal_run_error`."""
    async with _get_session_maker()() as session:
        run = await session.get(Run, run_id)
    cause = error_of(run) if run is not None else None
    cause = cause or {"error": error_type, "message": message}
    await _signal_run_error(run_id, cause["message"], cause["error"])
