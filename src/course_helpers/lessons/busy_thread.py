"""A thread that stays busy long enough to send a second message, without guessing a delay.

The run's role sets the offline model's speed, and its stream is read up to a known point. A hosted
model ignores the speed, but the long answer that it is asked for takes seconds.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.schema import StreamPart

from course_helpers.core.errors import CourseError
from course_helpers.core.settings import GRAPH

SLOWLY = (
    "You keep the user's to-do list. Speak at 3 tokens per second. Once the list is up to date, "
    "tell the user in three hundred words how to go about the task."
)
TRAIN = "Remind me to book the train to Lyon by Friday."
WRITTEN, READ = "update_todos", "input"  # points that a run can have reached


@dataclass(frozen=True)
class BusyThread:
    """A thread with an active run.

    Attributes:
        thread_id: the thread's id.
        run_id: the run's id.
    """

    thread_id: str
    run_id: str


async def busy_thread(
    client: LangGraphClient, user_id: str, category: str, after: str = WRITTEN
) -> BusyThread:
    """Ask for a to-do (`TRAIN`) on a new thread, and return while the agent is still answering.

    The thread's metadata are `{"lesson": "06"}`. The answer takes at least three more seconds.

    Args:
        client: of a deployment, for instance `server.client`.
        user_id: who asks.
        category: of the to-do.
        after: return when this node has finished; with "input", as soon as the message is in the
            thread.

    Raises:
        CourseError: the run ended before that.
    """
    thread_id = (await client.threads.create(metadata={"lesson": "06"}))["thread_id"]
    message: Any = {"role": "user", "content": TRAIN}
    stream: Any = client.runs.stream(
        thread_id,
        GRAPH,
        input={"messages": [message]},
        context={"user_id": user_id, "todo_category": category, "task_maistro_role": SLOWLY},
        stream_mode=["values", "updates"],
    )
    run_id, last = "", None
    async with aclosing(stream):  # closing the stream does not cancel the run
        async for part in stream:
            last = part
            run_id = run_id or (part.data or {}).get("run_id", "")  # the first part names it
            if _has_reached(after, part):
                return BusyThread(thread_id, run_id)
    raise _ended(after, last)


def _has_reached(after: str, part: StreamPart) -> bool:
    """Return whether a part of the stream shows that the run has reached that point."""
    if after == READ:
        return part.event == "values"
    return part.event == "updates" and after in part.data


def _ended(after: str, last: StreamPart | None) -> CourseError:
    why = f": {last.data}" if last and last.event == "error" else ""
    return CourseError(
        f"The run ended before {after!r} was reached{why}.",
        "run this cell again; if the model wrote no to-do, ask for one in plainer words",
    )
