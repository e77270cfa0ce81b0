"""Why a run has failed: the exception's type and message, for its stream and for who waits for it.

Aegra tells a stream "ValueError: execution failed" and keeps only the message in the run's row. A
LangGraph server tells both, unless the exception is of a type whose messages may hold secrets.
`outcomes.py` keeps them in the run's row.
"""

from __future__ import annotations

from typing import Any

from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.models.run_job import RunJob
from aegra_api.services import run_executor
from langgraph.errors import EmptyInputError, GraphBubbleUp, InvalidUpdateError, TaskNotFound
from sqlalchemy import select
from starlette.exceptions import HTTPException

from open_engine.execution.lost_connection import IN_GRAPH, handed_over

HIDDEN = "An internal error occurred"

_TOLD = (
    *(ValueError, TypeError, KeyError, AttributeError, RuntimeError, RecursionError, TimeoutError),
    *(EmptyInputError, GraphBubbleUp, InvalidUpdateError, TaskNotFound, HTTPException),
)
# Of runs whose graph has just raised, until their outcome is kept.
_fresh: dict[str, dict[str, str]] = {}
_stream_graph = run_executor._stream_graph


def install() -> None:
    """Replace `_stream_graph`, by which Aegra's run executor runs a graph."""
    run_executor._stream_graph = stream_graph


def describe(error: BaseException) -> dict[str, str]:
    """Return what clients are told about an exception."""
    if isinstance(error, BaseExceptionGroup):
        return describe(error.exceptions[0])
    told = isinstance(error, _TOLD)
    return {"error": type(error).__name__, "message": str(error) if told else HIDDEN}


def error_of(run: Run) -> dict[str, str] | None:
    """Return why a run failed, as clients are told; None if it did not fail."""
    if run.status != "error":
        return None
    known = (run.execution_params or {}).get("error")
    return known or {"error": "Error", "message": run.error_message or ""}


def take_failure(run_id: str) -> dict[str, str] | None:
    """Return why a run's graph has just failed, and forget it; None if no exception ended it."""
    return _fresh.pop(run_id, None)


async def failure_of(run_id: str) -> dict[str, str] | None:
    """Return why a run has failed; None unless it ended with an exception in its graph."""
    async with _get_session_maker()() as session:
        params = await session.scalar(
            select(Run.execution_params).where(Run.run_id == run_id, Run.status == "error")
        )
    return (params or {}).get("error")


async def stream_graph(job: RunJob) -> Any:
    """Run a graph as Aegra does, and remember the exception that ends it.

    In Aegra's place, because nobody else sees the exception: its caller catches it.
    """
    run_id = job.identity.run_id
    try:
        with handed_over(run_id, IN_GRAPH):
            return await _stream_graph(job)
    except Exception as error:
        _fresh[run_id] = describe(error)
        raise
