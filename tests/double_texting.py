"""The flows of lesson 06 with its own helper, and what each must leave behind on any server."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError

from course_helpers import read_memories
from course_helpers.core.settings import GRAPH
from course_helpers.lessons.busy_thread import READ, TRAIN, WRITTEN, BusyThread, busy_thread

MILK = "Remind me to buy milk."
BOOK, BUY = "Book the train to Lyon", "Buy milk"
WHOLE_RUN = ["__start__", "task_maistro", "update_todos", "task_maistro", "(the end)"]


@dataclass(frozen=True)
class Outcome:
    """What became of two messages on one thread.

    Attributes:
        answer: the second run's status when it was created, or the status code of a refusal.
        ends: the status of each run in the end, oldest first.
        said: the user's messages in the thread.
        steps: what was to come next after each checkpoint, oldest first, by run.
        todos: the tasks in the store, in any order.
    """

    answer: str
    ends: list[str]
    said: list[str]
    steps: list[tuple[str, str]]
    todos: set[str]


def steps(first: int = 5, second: int = 5) -> list[tuple[str, str]]:
    """Return the steps of both runs, so many of each as are given."""
    return [("first", s) for s in WHOLE_RUN[:first]] + [("second", s) for s in WHOLE_RUN[:second]]


BOTH = [TRAIN, MILK]
EXPECTED = {  # strategy of the second message, how far the first run had come
    ("reject", WRITTEN): Outcome("409", ["success"], [TRAIN], steps(second=0), {BOOK}),
    ("enqueue", WRITTEN): Outcome("pending", ["success"] * 2, BOTH, steps(), {BOOK, BUY}),
    ("interrupt", WRITTEN): Outcome(
        "pending", ["interrupted", "success"], BOTH, steps(first=4), {BOOK, BUY}
    ),
    ("interrupt", READ): Outcome(
        "pending", ["interrupted", "success"], BOTH, steps(first=2), {BUY}
    ),
    # The run is gone with its messages and checkpoints, and what it has put into the store is not.
    ("rollback", WRITTEN): Outcome("pending", ["success"], [MILK], steps(first=0), {BOOK, BUY}),
}


async def outcome(client: LangGraphClient, strategy: str, after: str) -> Outcome:
    """Send a message, and another one as soon as the first run has come to a point."""
    user_id = uuid.uuid4().hex
    busy = await busy_thread(client, user_id, "general", after=after)
    answer, last = await _second(client, busy, user_id, strategy)
    await client.runs.join(busy.thread_id, last)
    runs = await client.runs.list(busy.thread_id)
    await _require_first(client, busy, kept=strategy != "rollback")
    history = await client.threads.get_history(busy.thread_id, limit=50)
    memories = await read_memories(client, user_id)
    return Outcome(
        answer,
        [run["status"] for run in reversed(runs)],
        [m["content"] for m in _messages(history[0]) if m["type"] == "human"],
        [_step(state, busy.run_id) for state in reversed(history)],
        {todo["task"] for todo in memories.todos},
    )


async def _second(
    client: LangGraphClient, busy: BusyThread, user_id: str, strategy: Any
) -> tuple[str, str]:
    """Send the second message; return the answer, and the run that will end last."""
    message: Any = {"role": "user", "content": MILK}
    try:
        run = await client.runs.create(
            busy.thread_id,
            GRAPH,
            input={"messages": [message]},
            context={"user_id": user_id, "todo_category": "general"},
            multitask_strategy=strategy,
        )
    except ConflictError as error:
        return str(error.status_code), busy.run_id
    return run["status"], run["run_id"]


async def _require_first(client: LangGraphClient, busy: BusyThread, kept: bool) -> None:
    try:
        await client.runs.get(busy.thread_id, busy.run_id)
    except NotFoundError:
        assert not kept
    else:
        assert kept


def _messages(state: Any) -> list[dict[str, Any]]:
    return state["values"].get("messages", [])


def _step(state: Any, first: str) -> tuple[str, str]:
    run = "first" if state["metadata"]["run_id"] == first else "second"
    return run, " ".join(state["next"]) or "(the end)"
