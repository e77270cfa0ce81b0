"""Self-checks of lesson 02, Serve it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from langgraph_sdk import get_client

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.doctor.deployment import config_findings
from course_helpers.server.dev_server import start_dev_server


def mended(folder: Path) -> Result:
    """A deployment folder in which the config checker finds no more mistakes.

    Args:
        folder: the folder that was broken.
    """
    wrong = [finding for finding in config_findings(folder) if not finding.ok]
    if not wrong:
        return Result(True, "All files are as they should be.")
    left = f"{len(wrong)} mistake{'s' if len(wrong) > 1 else ''} left"
    return Result(False, f"{left}. What does the line about {wrong[0].name!r} tell you?")


async def second_graph(folder: Path) -> Result:
    """A deployment that serves a graph called `echo` besides task_maistro.

    Args:
        folder: the deployment folder; it is served for a moment.
    """
    wrong = [finding for finding in config_findings(folder) if not finding.ok]
    if wrong:
        return Result(False, f"The checker says of {wrong[0].name}: {wrong[0].detail}.")
    if '"echo"' not in (folder / "langgraph.json").read_text():
        return Result(False, "Is there a graph called echo in practice/langgraph.json?")
    try:
        server = await asyncio.to_thread(start_dev_server, folder)
    except CourseError as error:
        return Result(False, error.what)
    try:
        return await _echoes(server.url)
    finally:
        await asyncio.to_thread(server.stop)


async def _echoes(url: str) -> Result:
    said = "one two three"
    message: dict[str, Any] = {"messages": [{"role": "user", "content": said}]}
    async with get_client(url=url) as client:
        state = await client.runs.wait(None, "echo", input=message, raise_error=False)
    messages = state.get("messages", []) if isinstance(state, dict) else []
    if len(messages) != 2 or said not in messages[-1]["content"]:
        return Result(False, "The graph is served, but does its node repeat what you say?")
    return Result(True, "One server, two graphs, and the new one repeats what you say.")
