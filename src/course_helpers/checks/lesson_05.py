"""Self-checks of lesson 05, Connect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.core.settings import GRAPH
from course_helpers.lanes import Deployment
from course_helpers.practice.relay import PracticeLine
from course_helpers.server.api_errors import explain_error
from course_helpers.server.memories import read_memories
from course_helpers.server.messages import messages_of, text_of

QUESTION = "What can you do?"
WRITER = "check-05"  # the user of the checks' own runs
LESSON = {"lesson": "05"}  # the metadata of this lesson's threads
PATIENCE = 60.0  # seconds for a learner's function


async def replays(server: Deployment, whole_run: Any) -> Result:
    """A function that returns all parts of a run that has ended, from the first one on.

    Args:
        server: what `connect()` returned.
        whole_run: the learner's `async def whole_run(client, thread_id, run_id)`.
    """
    if not asyncio.iscoroutinefunction(whole_run):
        return Result(False, "Is whole_run still to be written? It begins with async def.")
    async with server.client as client:
        thread_id = await _thread(client)
        run = await client.runs.create(
            thread_id, GRAPH, **_asked(), stream_mode="messages-tuple", stream_resumable=True
        )
        await client.runs.join(thread_id, run["run_id"])
        said = messages_of((await client.threads.get_state(thread_id))["values"])
        try:
            parts = await asyncio.wait_for(whole_run(client, thread_id, run["run_id"]), PATIENCE)
        except Exception as error:
            return Result(False, f"It raises this: {explain_error(error).what}")
    return _compared(parts, text_of(said[-1]))


def _compared(parts: Any, said: str) -> Result:
    """Compare the parts of a stream with the whole answer."""
    if not isinstance(parts, list):
        return Result(False, "Does it return a list of the stream's parts?")
    events = [getattr(part, "event", None) for part in parts]
    tokens = (part.data[0] for part in parts if getattr(part, "event", None) == "messages")
    received = "".join(map(text_of, tokens))
    if not parts:
        return Result(False, "It returns nothing. After which event did you ask to join?")
    if received != said:
        return Result(
            False,
            f"Its tokens add up to {len(received)} characters, but the answer has {len(said)}. "
            "Is something lost, or there twice?",
        )
    if events.count("metadata") != 1:
        return Result(False, "The tokens are there. Which event comes before all of them?")
    return Result(True, f"All {len(parts)} parts, from the first on, each once.")


async def forked(server: Deployment, thread_id: str, old: str) -> Result:
    """A thread that was forked from an earlier checkpoint with another message.

    Args:
        server: what `connect()` returned.
        thread_id: the exercise's thread.
        old: a word of the message that was to be replaced.
    """
    async with server.client as client:
        try:
            thread = await client.threads.get(thread_id)
            history = await client.threads.get_history(thread_id, limit=100)
        except httpx.HTTPError as error:
            return Result(False, f"{explain_error(error)}")
    said = _said(history[0]["values"]) if history else []
    if any(old in text for text in said):
        return Result(False, f"The thread's newest state still says “{old}”. Which one is it at?")
    if not any(old in text for state in history for text in _said(state["values"])):
        return Result(False, f"Nothing in its history says “{old}”. Is this the right thread?")
    if len(said) < 2:
        return Result(
            False, "The first message should stay, and a new second one should follow it."
        )
    if thread["status"] != "idle" or messages_of(history[0]["values"])[-1]["type"] != "ai":
        return Result(
            False,
            f"The fork is there, but the thread is {thread['status']}. Did a run, without new "
            "input, answer from it?",
        )
    return Result(True, f"The thread goes on from the fork; “{old}” is only in its history.")


def _said(values: Any) -> list[str]:
    """Return the texts of a state's human messages, in lower case."""
    return [text_of(m).lower() for m in messages_of(values) if m.get("type") == "human"]


async def reviewed(server: Deployment, thread_id: str, user_id: str, old: str, new: str) -> Result:
    """A run that stopped before its tool, was given another text, and then went on.

    Args:
        server: what `connect()` returned.
        thread_id: the exercise's thread.
        user_id: whose to-do it is.
        old: a word of what was asked for, which must not be done.
        new: a word of what the learner puts in its place.
    """
    async with server.client as client:
        try:
            thread = await client.threads.get(thread_id)
            tasks = [t["task"].lower() for t in (await read_memories(client, user_id)).todos]
        except (httpx.HTTPError, CourseError) as error:
            return Result(False, f"{explain_error(error)}")
    said = _said(thread.get("values"))
    if any(old in task for task in tasks):
        return Result(False, f"There is a to-do with “{old}”. Was it approved before the edit?")
    if not any(new in text for text in said):
        return Result(False, f"No message of the user's says “{new}” yet. How is one replaced?")
    if any(old in text for text in said):
        return Result(
            False, "The old and the new message are both there. What is the id of the old one?"
        )
    if thread["status"] != "idle":
        return Result(
            False, f"The edit is there, but the thread is {thread['status']}. Did you let it go on?"
        )
    if not any(new in task for task in tasks):
        return Result(False, f"The run has ended, but the store holds no to-do with “{new}”.")
    return Result(True, f"Only what you let through was done: “{new}”, and no “{old}”.")


async def sends_once(server: Deployment, send_once: Any) -> Result:
    """A function that may be called again after a lost answer, and still starts only one run.

    Args:
        server: what `connect()` returned.
        send_once: the learner's `async def send_once(client, thread_id, text, request_id)`.
    """
    if not asyncio.iscoroutinefunction(send_once):
        return Result(False, "Is send_once still to be written? It begins with async def.")
    try:
        async with PracticeLine(server.url) as line, get_client(url=line.url) as client:
            return await asyncio.wait_for(_lose_and_repeat(line, client, send_once), PATIENCE)
    except Exception as error:
        return Result(False, f"It raises this: {explain_error(error).what}")


async def _lose_and_repeat(line: PracticeLine, client: LangGraphClient, send_once: Any) -> Result:
    thread_id = await _thread(client)
    first, second = str(uuid4()), str(uuid4())
    line.lose_answer("POST")
    with suppress(
        httpx.TransportError
    ):  # a function that leaves the retry to its caller is fine too
        await send_once(client, thread_id, QUESTION, first)
    again = await send_once(client, thread_id, QUESTION, first)
    runs = await _ended(client, thread_id)
    if not runs:
        return Result(False, "It starts no run on the thread that it is given.")
    if len(runs) > 1:
        return Result(False, f"{len(runs)} runs for one request. Did it look before it sent again?")
    if not isinstance(again, Mapping) or again.get("run_id") != runs[0]["run_id"]:
        return Result(False, "One run. Does it return that run the second time, too?")
    await send_once(client, thread_id, QUESTION, second)
    if len(await _ended(client, thread_id)) != 2:
        return Result(False, "One run for two requests. Does it compare their request_id?")
    return Result(True, "Called twice because an answer was lost: one request, one run.")


async def _thread(client: LangGraphClient) -> str:
    return str((await client.threads.create(metadata=LESSON))["thread_id"])


def _asked() -> dict[str, Any]:
    return {
        "input": {"messages": [{"role": "user", "content": QUESTION}]},
        "context": {"user_id": WRITER},
    }


async def _ended(client: LangGraphClient, thread_id: str) -> list[Any]:
    """Wait until all of a thread's runs have ended, and return them."""
    runs = await client.runs.list(thread_id, limit=100)
    for run in runs:
        await client.runs.join(thread_id, run["run_id"])
    return runs
