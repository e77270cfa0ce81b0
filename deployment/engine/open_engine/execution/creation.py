"""Making a run: under the lock of its thread, with what Aegra leaves out put into its row.

Aegra's `_prepare_run` resolves the assistant, merges configurations and inserts the row; it knows
no double-texting, no delay, no webhook and no metadata. SQLAlchemy's hook on the insert adds these,
and then completes the configuration: a LangGraph server puts graph and assistant into
`configurable`, from where `runtime.server_info` has them, and these and the run's metadata into the
metadata, from where each checkpoint has them; it mirrors the context in `configurable`. Aegra does
none of it, and names a user "anonymous" where there is none.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aegra_api.api.runs import _apply_create_run_auth
from aegra_api.core.orm import Assistant, Run, Thread
from aegra_api.models import User
from aegra_api.services.run_preparation import _prepare_run
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from fastapi import HTTPException
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.execution.cancelling import stop_run
from open_engine.execution.queue import wake_next
from open_engine.execution.run_request import RunRequest
from open_engine.state.locks import lock_thread

_BUSY = (
    "Thread is already running a task. Wait for it to finish or choose a different multitask "
    "strategy."
)
_request: ContextVar[dict[str, Any] | None] = ContextVar("request", default=None)

ANONYMOUS = "anonymous"  # Aegra's name for nobody


def install() -> None:
    """Have SQLAlchemy complete each new run before it is inserted.

    In this order: the configuration holds the metadata that is among the extras.
    """
    event.listen(Run, "before_insert", _add_extras)
    event.listen(Run, "before_insert", _complete_configuration)


async def create_run(
    session: AsyncSession,
    thread_id: str | None,
    request: RunRequest,
    user: User,
    *,
    awaited: bool = False,
) -> Run:
    """Make a run and return its row. The session is committed.

    Args:
        session: without changes so far.
        thread_id: None for a run without a thread: it gets one of its own, deleted after it
            unless `on_completion` is "keep".
        request: as the client sent it.
        user: who asks.
        awaited: whether the request goes on until the run has ended.

    Raises:
        HTTPException: 404 for an unknown thread or assistant, 400 for an answer
            without a thread, 409 for a busy thread and "reject".
    """
    require_thread_to_resume(thread_id, request.command)
    temporary = thread_id is None and request.on_completion != "keep"
    target = thread_id or str(uuid4())
    await lock_thread(session, target)
    thread = await session.get(Thread, target)
    if thread_id is not None:
        _require_thread(thread, thread_id, request, user)
    await _apply_create_run_auth(user, target, request)
    active = await _active_runs(session, target)
    if active and request.multitask_strategy == "reject":
        raise HTTPException(409, _BUSY)
    extras = await _extras(session, thread, request)
    extras |= {"temporary": temporary, "awaited": awaited}
    token = _request.set(extras)
    try:
        run_id, _, _ = await _prepare_run(session, target, request, user, initial_status="pending")
    finally:
        _request.reset(token)
    if request.multitask_strategy in ("interrupt", "rollback"):
        for run in active:
            await stop_run(session, run, request.multitask_strategy)
        await wake_next(target)
    run = await session.get(Run, run_id, populate_existing=True)
    assert run is not None
    return run


def _require_thread(thread: Thread | None, thread_id: str, request: RunRequest, user: User) -> None:
    missing = thread is None and request.if_not_exists == "reject"
    if missing or (thread is not None and thread.user_id != user.identity):
        raise HTTPException(404, f"Thread with ID {thread_id} not found")


async def _active_runs(session: AsyncSession, thread_id: str) -> list[Run]:
    runs = select(Run).where(Run.thread_id == thread_id, Run.status.in_(ACTIVE_RUN_STATES))
    return list((await session.scalars(runs.order_by(Run.created_at))).all())


async def _extras(
    session: AsyncSession, thread: Thread | None, request: RunRequest
) -> dict[str, Any]:
    """Return what goes into the row beside Aegra's columns."""
    assistant = await session.get(Assistant, request.assistant_id)
    metadata = {
        **(assistant.metadata_dict if assistant else {}),
        **(thread.metadata_json if thread else {}),
        **((request.config or {}).get("metadata") or {}),
        **(request.metadata or {}),
    }
    return {
        "after_seconds": request.after_seconds,
        "metadata": metadata,
        "multitask_strategy": request.multitask_strategy,
        "webhook": request.webhook,
        "resumable": request.stream_resumable,
        "feedback_keys": request.feedback_keys,
    }


def _add_extras(_mapper: Any, _connection: Any, run: Run) -> None:
    extras = _request.get()
    if extras is None:  # made by Aegra's own routes of the second streaming protocol
        return
    extras["metadata"]["assistant_id"] = run.assistant_id
    run.created_at += timedelta(seconds=extras["after_seconds"])
    run.execution_params = {**(run.execution_params or {}), "extras": extras}


def require_thread_to_resume(thread_id: str | None, command: dict[str, Any] | None) -> None:
    """Check that an answer has a thread.

    Raises:
        HTTPException: 400, it has none.
    """
    if thread_id is None and command and command.get("resume") is not None:
        raise HTTPException(400, "You must provide a thread_id when resuming.")


def _complete_configuration(_mapper: Any, _connection: Any, run: Run) -> None:
    """Complete the configuration of a new run."""
    params = run.execution_params
    if not params:
        return
    config = params["execution"].get("config") or {}
    of_run = params.get("extras", {}).get("metadata") or params.get("run_metadata") or {}
    names = {"graph_id": params["graph_id"], "assistant_id": run.assistant_id}
    given = {**(run.context or {}), **(config.get("configurable") or {})}
    user = None if run.user_id == ANONYMOUS else run.user_id
    configurable = {**given, "user_id": given.get("user_id") or user, **names}
    metadata = {**(config.get("metadata") or {}), **of_run, **names, "run_id": run.run_id}
    run.config = {**config, "configurable": configurable, "metadata": metadata}
    run.execution_params = {**params, "execution": {**params["execution"], "config": run.config}}
