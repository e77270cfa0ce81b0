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

from aegra_api.core.auth_handlers import build_auth_context, handle_event
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
from open_engine.state.access import (
    Limits,
    ask_about_threads,
    find_thread,
    limits_of,
    metadata_of,
    no_thread,
)
from open_engine.state.locks import lock_thread

_BUSY = (
    "Thread is already running a task. Wait for it to finish or choose a different multitask "
    "strategy."
)
# The request of the run that is being made, and what goes into its row beside Aegra's columns.
_making: ContextVar[tuple[RunRequest, dict[str, Any]] | None] = ContextVar("making", default=None)

ANONYMOUS = "anonymous"  # Aegra's name for nobody


def install() -> None:
    """Have SQLAlchemy complete each new run, and a thread that it makes, before their insertion.

    A run's configuration comes last: it holds the metadata that is among the extras.
    """
    event.listen(Thread, "before_insert", _add_metadata)
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
        HTTPException: 404 for an unknown thread or assistant, 403 if the app's auth handlers
            refuse, 400 for an answer without a thread, 409 for a busy thread and "reject".
    """
    require_thread_to_resume(thread_id, request.command)
    temporary = thread_id is None and request.on_completion != "keep"
    target = thread_id or str(uuid4())
    limits = await _ask_handlers(target, request, user)
    await lock_thread(session, target)
    thread = await _find_thread(session, thread_id, limits, request) if thread_id else None
    active = await _active_runs(session, target)
    if active and request.multitask_strategy == "reject":
        raise HTTPException(409, _BUSY)
    extras = await _extras(session, thread, request)
    extras |= {"temporary": temporary, "awaited": awaited}
    token = _making.set((request, extras))
    try:
        run_id, _, _ = await _prepare_run(session, target, request, user, initial_status="pending")
    finally:
        _making.reset(token)
    if request.multitask_strategy in ("interrupt", "rollback"):
        for run in active:
            await stop_run(session, run, request.multitask_strategy)
        await wake_next(target)
    run = await session.get(Run, run_id, populate_existing=True)
    assert run is not None
    return run


async def _ask_handlers(thread_id: str, request: RunRequest, user: User) -> Limits:
    """Ask the app's auth handlers, and put what they add to a run into its request.

    In place of Aegra's `_apply_create_run_auth`, which drops the filter that they return.

    Returns:
        What limits a query to the threads on which the caller may run something.
    """
    value = {**request.model_dump(), "thread_id": thread_id, "metadata": request.metadata or {}}
    filters = await ask_about_threads(user, "create_run", value)
    overrides = value if filters is None else filters
    if isinstance(config := overrides.get("config"), dict):
        request.config = {**(request.config or {}), **config}
    if isinstance(context := overrides.get("context"), dict):
        request.context = {**(request.context or {}), **context}
    request.metadata = metadata_of(value, filters)
    assistant = {"assistant_id": request.assistant_id}
    await handle_event(build_auth_context(user, "assistants", "read"), assistant)
    wanted = {k: v for k, v in (filters or {}).items() if k not in ("config", "context")}
    return limits_of(user, wanted)


async def _find_thread(
    session: AsyncSession, thread_id: str, limits: Limits, request: RunRequest
) -> Thread | None:
    """Return the thread to run on; None if there is none yet and the run may make it.

    Raises:
        HTTPException: 404, there is none, or it is kept from the caller.
    """
    thread = await find_thread(session, thread_id, limits)
    if thread is None and (
        request.if_not_exists == "reject" or await session.get(Thread, thread_id) is not None
    ):
        raise no_thread(thread_id)
    return thread


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
        **_metadata(request),
    }
    return {
        "after_seconds": request.after_seconds,
        "metadata": metadata,
        "multitask_strategy": request.multitask_strategy,
        "webhook": request.webhook,
        "resumable": request.stream_resumable,
        "feedback_keys": request.feedback_keys,
    }


def _metadata(request: RunRequest) -> dict[str, Any]:
    return {**((request.config or {}).get("metadata") or {}), **(request.metadata or {})}


def _add_metadata(_mapper: Any, _connection: Any, thread: Thread) -> None:
    """Put a run's metadata into the thread that it makes: auth handlers find it by them."""
    if making := _making.get():
        request, _ = making
        thread.metadata_json = {**thread.metadata_json, **_metadata(request)}


def _add_extras(_mapper: Any, _connection: Any, run: Run) -> None:
    """Put what Aegra leaves out into a new run's row."""
    making = _making.get()
    if making is None:  # made by Aegra's own routes of the second streaming protocol
        return
    _, extras = making
    extras["metadata"]["assistant_id"] = run.assistant_id
    run.created_at += timedelta(seconds=extras["after_seconds"])
    run.execution_params = {**(run.execution_params or {}), "extras": extras}


def require_thread_to_resume(thread_id: str | None, command: dict[str, Any] | None) -> None:
    """Raise unless a run that answers an interrupt names its thread.

    Raises:
        HTTPException: 400, it names none.
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
