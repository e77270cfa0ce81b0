"""The environment in which notebooks are executed and compared: the same on any day and machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
TESTS_ENV = BUILD / "tests.env"  # where no other one of that folder is named
_given = Path(os.environ.get("COURSE_ENV_FILE", "")).absolute()

# A Wednesday morning: "Friday", "next week" and "the end of the month" all lie ahead.
PINNED = {
    # Not the learner's.
    "COURSE_ENV_FILE": str(_given if _given.parent == BUILD else TESTS_ENV),
    "TASK_MAISTRO_MODEL": "",
    "TASK_MAISTRO_NOW": "2026-03-04T09:00:00",
    "TASK_MAISTRO_USER_ID": "",
    "TASK_MAISTRO_TODO_CATEGORY": "",
    "TASK_MAISTRO_ROLE": "",
    "OFFLINE_TOKENS_PER_SECOND": "0",
    "LANE": "",
    "LANGSMITH_TRACING": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "OPENAI_API_KEY": "",
    "ANTHROPIC_API_KEY": "",
    "LANGSMITH_API_KEY": "",
    "LANGCHAIN_API_KEY": "",
}


def forget_settings() -> None:
    """Delete the tests' settings files: notebooks are compared as on a machine without one."""
    for path in BUILD.glob("*.env"):
        path.unlink()


def pinned_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the settings pinned, whatever a learner's `.env` says."""
    return {**environ, **PINNED}
