"""How a run ended: in the words of a LangGraph server, and known before anyone hears of the end.

Aegra calls a run that asks a person "interrupted"; a LangGraph server calls it a success, and its
thread interrupted. Aegra tells clients that a run failed, but keeps why to itself. And the thread's
values must be there when the stream of the run's events ends.

Two functions of Aegra are replaced, for it offers no other way in: `finalize_run` as its run
executor calls it, and `signal_run_error` of its streaming service.
"""

from __future__ import annotations

from typing import Any

from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.services import run_executor
from aegra_api.services.run_status import finalize_run
from aegra_api.services.streaming_service import streaming_service

from open_engine.queue import tell_end
from open_engine.thread_records import record_state

_signal_run_error = streaming_service.signal_run_error


def error_of(run: Run) -> dict[str, Any] | None:
    """Return why a run failed, as clients are told (`failures.py`); None if it did not fail."""
    if run.status != "error":
        return None
    known = (run.execution_params or {}).get("error")
    return known or {"error": "Error", "message": run.error_message or ""}


async def finalize(
    run_id: str,
    thread_id: str,
    *,
    user_id: str,
    status: str,
    thread_status: str,
    output: Any = None,
    error: str | None = None,
) -> bool:
    """Keep a run's outcome and its thread's state; in place of Aegra's `finalize_run`."""
    asks = (status, thread_status) == ("interrupted", "interrupted")
    async with _get_session_maker()() as session:
        run = await session.get(Run, run_id)
        cause = None
        if error is not None and run is not None:  # without a cause: it took too long
            known = (run.execution_params or {}).get("error")
            cause = known or {"error": "TimeoutError", "message": error}
        thread_status = await record_state(session, thread_id, cause)
        await session.commit()
    finalized = await finalize_run(
        run_id,
        thread_id,
        user_id=user_id,
        status="success" if asks else status,
        thread_status=thread_status,
        output=output,
        error=error,
    )
    if finalized and status != "interrupted":  # else it may still have to be undone
        await tell_end(run_id)
    return finalized


async def signal_error(run_id: str, message: str, error_type: str = "Error") -> None:
    """Tell a run's listeners why it failed; in place of Aegra's `signal_run_error`."""
    async with _get_session_maker()() as session:
        run = await session.get(Run, run_id)
    cause = error_of(run) if run is not None else None
    cause = cause or {"error": error_type, "message": message}
    await _signal_run_error(run_id, cause["message"], cause["error"])


run_executor.finalize_run = finalize
streaming_service.signal_run_error = signal_error
