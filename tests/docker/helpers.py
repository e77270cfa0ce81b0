"""What several tests of the stack need: Docker's answers, and something said to the agent."""

from __future__ import annotations

import json
from typing import Any

from langgraph_sdk.client import LangGraphClient

from course_helpers.core.processes import run
from course_helpers.stack.compose import project_name
from course_helpers.stack.containers import find_services

USER = "ada"


def docker(*arguments: str) -> str:
    """Return what a docker command prints."""
    answer = run(["docker", *arguments], 60)
    assert answer.code == 0, answer.err
    return answer.out


def container_id(service: str) -> str:
    """Return the container of a service."""
    return next(s.container for s in find_services(project_name()) if s.name == service)


def inspect(service: str) -> dict[str, Any]:
    """Return all that Docker knows of a service's container."""
    return dict(json.loads(docker("container", "inspect", container_id(service)))[0])


async def say(client: LangGraphClient, text: str) -> str:
    """Say something in a new thread, wait for the answer, and return the thread's id."""
    thread = await client.threads.create()
    await client.runs.wait(
        thread["thread_id"],
        "task_maistro",
        input={"messages": [{"role": "user", "content": text}]},
        context={"user_id": USER},
    )
    return thread["thread_id"]
