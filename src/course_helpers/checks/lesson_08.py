"""Self-checks of lesson 08, Keep the data."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.core.settings import GRAPH
from course_helpers.lanes import Deployment
from course_helpers.practice.stack import PracticeStack
from course_helpers.stack.fingerprints import Contents, Fingerprint
from course_helpers.stack.postgres import read_rows

_BYTES = """select thread_id, sum(octet_length(blob)) as bytes from checkpoint_blobs
    group by thread_id order by 2 desc, 1"""
CROWD = 101  # more threads than one search returns, by default or with a limit of 100
PATIENCE = 60.0  # seconds for the learner's function; a hundred threads take about one

_A, _B, _C = (Fingerprint(3, letter * 32) for letter in "abc")
_BEFORE = {"runs": _A, "store": _B, "thread": _A}
_PAIRS = [  # what differs, and between what
    (set(), _BEFORE, "two moments that are the same"),
    ({"store"}, {**_BEFORE, "store": Fingerprint(4, _C.md5)}, "one more row in store"),
    ({"store"}, {**_BEFORE, "store": _C}, "a changed row in store, with as many rows as before"),
    ({"runs", "store"}, {**_BEFORE, "store": _C, "runs": _B}, "changes in runs and in store"),
    ({"runs"}, {"store": _B, "thread": _A}, "a table runs that is gone"),
    ({"crons"}, {**_BEFORE, "crons": _A}, "a new table crons"),
]


def heaviest_threads(practice: PracticeStack, sql: Any) -> Result:
    """A statement that returns the bytes of each thread's blobs, the largest first.

    Args:
        practice: the stack with the threads.
        sql: the learner's statement.
    """
    if not isinstance(sql, str) or not sql.strip():
        return Result(False, "Did you put your statement, in quotes, into my_sql?")
    if sql.split()[0].lower() not in ("select", "with"):
        return Result(False, "This exercise only reads. Does your statement begin with select?")
    try:
        with practice:
            wanted = [list(row.values()) for row in read_rows(_BYTES)]
            found = [list(row.values()) for row in read_rows(sql)]
    except CourseError as error:
        return Result(False, error.what)
    return _compared(found, wanted)


def _compared(found: list[list[str]], wanted: list[list[str]]) -> Result:
    if not wanted:
        return Result(False, "There is no thread with a state. Did you run the cells above?")
    if not found or len(found[0]) != 2:
        return Result(
            False,
            "I look for rows of two columns: a thread's id and its bytes. What does yours return?",
        )
    if len(found) != len(wanted):
        return Result(
            False,
            f"It finds {len(found)} rows for {len(wanted)} threads. Is there one row per thread?",
        )
    weights = {row[0]: row[1] for row in wanted}
    for thread, size in found:
        if weights.get(thread) != size:
            weight = weights.get(thread, "no such thread")
            return Result(
                False,
                f"For one thread you return {size!r}, but I find {weight}. "
                "Did you count all its rows of checkpoint_blobs, and the length of blob?",
            )
    if [size for _, size in found] != [size for _, size in wanted]:
        return Result(False, "The numbers are right. Which thread comes first?")
    return Result(True, f"{len(found)} threads, the heaviest first.")


def tells_differences(function: Any) -> Result:
    """A function that names the tables that differ between two moments.

    Args:
        function: the learner's; it gets the fingerprints before and after.
    """
    if not callable(function):
        return Result(False, "Did you write differences? It is to be a function.")
    for wanted, after, what in _PAIRS:
        try:
            named = function(Contents(_BEFORE), Contents(after))
        except Exception as error:
            return Result(False, f"Given {what}, it failed with {type(error).__name__}: {error}")
        if not isinstance(named, (list, tuple, set, frozenset)):
            return Result(False, f"It returned {named!r}. Is that a list of table names?")
        if set(named) != wanted:
            return Result(
                False,
                f"Given {what}, it named {sorted(map(str, named)) or 'nothing'} instead of "
                f"{sorted(wanted) or 'nothing'}. What does it compare?",
            )
    return Result(True, "It notices a changed row, a missing table and a new one.")


async def tidied(server: Deployment, tidy: Any) -> Result:
    """A job that prunes the marked threads to their newest state, and no others.

    Args:
        server: what `connect()` returned.
        tidy: the learner's; it gets a client.
    """
    if not callable(tidy):
        return Result(False, "Did you write tidy? It is to be a function.")
    client, made = server.client, []
    try:
        for keep in ("latest", "history"):
            made.append(await _new_thread_with_history(client, keep))
        # Newer ones, so that a search for fewer finds these only.
        made += await asyncio.gather(*(_new_thread(client, "latest") for _ in range(CROWD)))
        return await _try(client, tidy, *made[:2])
    finally:
        await asyncio.gather(*(_delete(client, thread_id) for thread_id in made))


async def _new_thread(client: LangGraphClient, keep: str) -> str:
    """Return a new thread with a mark."""
    return str((await client.threads.create(metadata={"keep": keep}))["thread_id"])


async def _delete(client: LangGraphClient, thread_id: str) -> None:
    """Delete a thread, unless the learner's function has done so."""
    with suppress(NotFoundError):
        await client.threads.delete(thread_id)


async def _new_thread_with_history(client: LangGraphClient, keep: str) -> str:
    """Return a new thread with a mark and a history."""
    thread_id = await _new_thread(client, keep)
    said: Any = {"messages": [{"role": "user", "content": "What is on my list?"}]}
    context = {"user_id": "check-08"}
    await client.runs.wait(thread_id, GRAPH, input=said, context=context)
    return thread_id


async def _try(client: LangGraphClient, tidy: Any, latest: str, history: str) -> Result:
    """Run the learner's function, and check one thread of each kind."""
    before = await client.threads.get_state(latest)
    kept = len(await client.threads.get_history(history, limit=100))
    try:
        done = tidy(client)
        if not isinstance(done, Awaitable):
            return Result(False, "Does your function begin with async def?")
        async with asyncio.timeout(PATIENCE):
            await done
        states = await client.threads.get_history(latest, limit=100)
        others = await client.threads.get_history(history, limit=100)
    except TimeoutError:
        return Result(
            False,
            f"It has not ended after {PATIENCE:.0f} s. Does each search begin after the threads "
            "that the last one found?",
        )
    except NotFoundError:
        return Result(False, "A thread is gone. Which strategy of prune keeps its newest state?")
    except Exception as error:
        return Result(False, f"Your function ended with {type(error).__name__}: {error}")
    if len(others) != kept:
        return Result(
            False, "A thread marked {'keep': 'history'} has lost its history. What removed it?"
        )
    if not states:
        return Result(False, "A marked thread has no state left. Which strategy keeps the newest?")
    if len(states) > 1:
        return Result(
            False,
            f"A marked thread still has {len(states)} checkpoints. There are more than a "
            "hundred marked threads: how many does one search return?",
        )
    if states[0]["values"] != before["values"]:
        return Result(False, "The newest state is not the one from before. What changed it?")
    return Result(True, "Every marked thread kept its newest state, and no other thread lost any.")
