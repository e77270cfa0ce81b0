"""What Aegra refuses before a run is made, and a LangGraph server takes.

A run's input may be any JSON value; Aegra takes objects only: its models say so, and it looks for
a thread's name in the input. Whether it fits is for the graph to say.

An answer to a thread that asked nothing runs nothing: the run ends at once. Aegra refuses it with
400 after a second of waiting.
"""

from __future__ import annotations

from typing import Any

from aegra_api.models.run_job import RunExecution
from aegra_api.models.runs import Run
from aegra_api.services import run_preparation
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

_extract_thread_name = run_preparation._extract_thread_name


def install() -> None:
    """Let the models of a run's input hold any value, and replace two functions of Aegra.

    `_prepare_run` calls both before it makes a run: `_extract_thread_name` and
    `_validate_resume_command`.
    """
    accept_anything(RunExecution, "input_data")
    accept_anything(Run, "input")
    run_preparation._extract_thread_name = thread_name
    run_preparation._validate_resume_command = take_any_answer


def accept_anything(model: type[BaseModel], field: str) -> None:
    """Let a field of a model hold any value."""
    model.model_fields[field].annotation = Any
    model.model_rebuild(force=True)


def thread_name(input_data: Any) -> str:
    """Return the name that Aegra gives a thread; empty if the input is not an object.

    In Aegra's place, because that fails on a list.
    """
    return _extract_thread_name(input_data) if isinstance(input_data, dict) else ""


async def take_any_answer(_session: AsyncSession, _thread_id: str, _command: Any) -> None:
    """Accept any answer: the queue starts its run only after the run that asks has ended."""
