"""An answer to a thread that asked nothing runs nothing, and one without a thread is refused.

Aegra refuses the first with 400 after a second of waiting. A LangGraph server takes it: the run
ends at once. `_validate_resume_command` is replaced, where Aegra's `_prepare_run` looks for it.
"""

from __future__ import annotations

from typing import Any

from aegra_api.services import run_preparation
from sqlalchemy.ext.asyncio import AsyncSession


async def take_any_answer(_session: AsyncSession, _thread_id: str, _command: Any) -> None:
    """Refuse no answer; the queue has the run wait until the one that asks has ended."""


run_preparation._validate_resume_command = take_any_answer
