"""The exercises' self-checks. Each answers as a patient teacher would.

A check judges what the system did (a run's status, a thread's state, the store), never wording,
so that it holds with a real LLM as well as with the offline model.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from course_helpers.errors import CourseError
from course_helpers.lanes import Deployment
from course_helpers.store import read_memories
from course_helpers.threads import read_thread


@dataclass(frozen=True)
class Result:
    """A check's answer.

    Attributes:
        passed: whether the exercise is solved.
        message: what to look at next, or what went right.
    """

    passed: bool
    message: str

    def __repr__(self) -> str:
        return f"{'Solved' if self.passed else 'Not yet'}: {self.message}"

    def _repr_html_(self) -> str:
        word = "Solved" if self.passed else "Not yet"
        colour = "success" if self.passed else "warn"
        return (
            f'<p role="status" style="border-left:4px solid var(--jp-{colour}-color1, #888);'
            f'padding:4px 12px"><strong>{word}.</strong> {html.escape(self.message)}</p>'
        )


async def own_todo(server: Deployment, user_id: Any) -> Result:
    """Lesson 00: the learner's own user has at least one to-do with a deadline.

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
        return Result(
            False, "Your to-do is there, without a deadline. Did your message say by when?"
        )
    return Result(True, f"{user_id} has {len(memories.todos)} to-do(s), one of them with a date.")


async def second_thread(server: Deployment, first: Any, second: Any) -> Result:
    """Lesson 00: two threads, of which the second recalls what was said in the first.

    Args:
        server: what `connect()` returned.
        first: the thread_id of the lesson's conversation.
        second: the thread_id of the learner's new conversation.
    """
    if not isinstance(second, str):
        return Result(False, "Did you put the id of your new thread into my_second_thread?")
    if second == first:
        return Result(False, "That is the first thread again. How do you make a new one?")
    try:
        thread = await read_thread(server.client, second)
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
            "That message changed the memory. Can you ask for something it already knows?",
        )
    return Result(True, "A new thread, no word of the first one in it, and still an answer.")
