"""Self-checks of lesson 07, Assistants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from langgraph_sdk.client import LangGraphClient

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.lanes import Deployment
from course_helpers.server.assistants import LIMIT, find_versions, read_assistant
from course_helpers.server.memories import read_memories


async def own_category(
    server: Deployment, mine: Any, user_id: str, others: Collection[str]
) -> Result:
    """An assistant whose to-dos go to a category that no other assistant has.

    Args:
        server: what `connect()` returned.
        mine: the id of the learner's assistant.
        user_id: who has talked to it.
        others: the ids of the lesson's assistants.
    """
    if not isinstance(mine, str) or not mine.strip():
        return Result(False, "Did you put the id of your assistant into my_assistant_id?")
    if mine in others:
        return Result(
            False, "That is one of the lesson's assistants. Where is the one that you made?"
        )
    try:
        client = server.client
        context = (await read_assistant(client, mine))["context"] or {}
        taken = {await _category(client, other) for other in others}
        known = (await client.assistants.get_schemas(mine))["context_schema"] or {}
        advice = _context_advice(context, known.get("properties") or {}, taken)
        if advice:
            return Result(False, advice)
        return await _talked_to(client, mine, user_id, context["todo_category"])
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")


async def _category(client: LangGraphClient, assistant_id: str) -> str:
    context = (await read_assistant(client, assistant_id))["context"] or {}
    return str(context.get("todo_category", "general"))


def _context_advice(
    context: Mapping[str, Any], known: Mapping[str, Any], taken: Collection[str]
) -> str:
    """Return a question about what is wrong with the context; empty if it is right."""
    unknown = sorted(context.keys() - known.keys())
    if unknown:
        return f"Its context holds {unknown[0]!r}, which the graph does not know. How is it spelt?"
    if "user_id" in context:
        return "Its context names a user. Whose to-dos would everybody else be writing?"
    if "todo_category" not in context:
        return (
            "Its context has no todo_category, so its to-dos go to general. Is that what you want?"
        )
    if context["todo_category"] in (*taken, "general"):
        return f"The category {context['todo_category']} is in use. Which one is its own?"
    return ""


async def _talked_to(
    client: LangGraphClient, assistant_id: str, user_id: str, category: str
) -> Result:
    threads = await client.threads.search(metadata={"assistant_id": assistant_id}, limit=1)
    if not threads:
        return Result(
            False, "The assistant is there. Did you ask it to remember something for you?"
        )
    memories = await read_memories(client, user_id, category)
    if not memories.todos:
        return Result(
            False,
            f"The category {category} holds no to-do of {user_id}. Did the run's context name "
            "that user, and did your message ask for something to be done?",
        )
    return Result(
        True, f"{len(memories.todos)} to-do(s) of {user_id} in {category}, and in no other list."
    )


async def rolled_back(server: Deployment, assistant_id: str, good: int, bad: int) -> Result:
    """Runs use the context of a good version again, and the bad one is still in the history.

    Args:
        server: what `connect()` returned.
        assistant_id: the assistant that was spoilt.
        good: the number of the last version that was right.
        bad: the number of the one that was not.
    """
    try:
        client = server.client
        assistant = await read_assistant(client, assistant_id)
        versions = {v["version"]: v for v in await find_versions(client, assistant_id)}
    except CourseError as error:
        return Result(
            False, f"{error.what} Was the whole assistant deleted, together with its history?"
        )
    if not {good, bad} <= versions.keys():
        return Result(
            False, f"Versions {good} and {bad} are not both there. Is it another assistant?"
        )
    current, context = assistant["version"], assistant["context"]
    if current == bad:
        return Result(False, f"Version {bad} is still current. Which one do you want back?")
    if context != versions[good]["context"]:
        return Result(
            False,
            f"Version {current} is current, but its context is not that of version {good}. "
            "Did you look at the context after going back?",
        )
    return Result(
        True, f"Runs use the context of version {good} again, and version {bad} can be read."
    )


async def only_these_deleted(
    server: Deployment, metadata: Mapping[str, Any], kept: Collection[str]
) -> Result:
    """No assistant with this metadata is left, and all others are still there.

    Args:
        server: what `connect()` returned.
        metadata: of those that should go.
        kept: the ids of those that should stay.
    """
    try:
        client = server.client
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")
    there = {a["assistant_id"] for a in await client.assistants.search(limit=LIMIT)}
    gone = [assistant_id for assistant_id in kept if assistant_id not in there]
    if gone:
        return Result(
            False,
            f"{len(gone)} of {len(kept)} assistants that should stay are gone. Run the cell "
            "before the exercise again; what did your search find besides those that should go?",
        )
    left = await client.assistants.count(metadata=dict(metadata))
    if left:
        return Result(
            False, f"{left} of them are still there. How many does a search return at most?"
        )
    return Result(True, f"All of them are gone, and the other {len(kept)} are still there.")
