"""Self-checks of lesson 00, Start here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.lanes import Deployment
from course_helpers.server.memories import read_memories
from course_helpers.server.threads import read_thread


async def own_todo(server: Deployment, user_id: Any) -> Result:
    """The learner's own user has at least one to-do with a deadline.

    Args:
        server: what `connect()` returned.
        user_id: the id that the learner chose.
    """
    if not isinstance(user_id, str) or not user_id.strip():
        return Result(False, "Did you replace the ... by a name of your own, in quotes?")
    if user_id == "ada":
        return Result(False, "ada is this lesson's user. Which id would you like for yourself?")
    try:
        memories = await read_memories(server.client, user_id)
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")
    if not memories.todos:
        return Result(
            False,
            f"The store holds no to-do for {user_id!r} yet. Did you run talk() with that user_id, "
            "and did your message ask for something to be done?",
        )
    if not any(todo.get("deadline") for todo in memories.todos):
        return Result(False, "Your to-do has no deadline. Did your message say by when?")
    return Result(
        True, f"{user_id} has {len(memories.todos)} to-do(s), at least one with a deadline."
    )


async def new_thread(server: Deployment, known: Sequence[str], mine: Any) -> Result:
    """A new thread in which the agent recalls what was said in other threads.

    Args:
        server: what `connect()` returned.
        known: the ids of the lesson's threads.
        mine: the id of the learner's new thread.
    """
    if not isinstance(mine, str):
        return Result(False, "Did you put the id of your new thread into my_thread_id?")
    if mine in known:
        return Result(False, "That thread was there before. How do you make a new one?")
    try:
        thread = await read_thread(server.client, mine)
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")
    roles = [message.role for message in thread.messages]
    if "human" not in roles:
        return Result(False, "The new thread is empty. Did you ask a question in it?")
    if thread.status != "idle" or roles[-1] != "ai":
        return Result(False, f"The thread is {thread.status}: did the run end with an answer?")
    if any(message.tool_calls for message in thread.messages):
        return Result(
            False,
            "That message changed the memory. Make a new thread, and ask about something known.",
        )
    return Result(True, "The new thread holds no word of the others, and the agent still answered.")
