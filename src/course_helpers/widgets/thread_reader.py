"""What is read for a thread explorer: the list of threads, one of them, and a user's memories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import NotFoundError
from course_helpers.core.markup import count
from course_helpers.server.memories import Memories, read_memories
from course_helpers.server.messages import Message
from course_helpers.server.threads import (
    ThreadSummary,
    ThreadView,
    list_threads,
    read_older,
    read_thread,
)

THREADS = 50  # how many are listed
NEW = "new"  # stands for a thread that the next message begins
A = TypeVar("A")
B = TypeVar("B")


class ThreadReader:
    """Reads from a server, and keeps what it has read.

    Args:
        category: the `todo_category` of the memories.

    Attributes:
        threads: those to choose from, the newest first.
        thread: the chosen one, or None.
        memories: the user's, or None.
    """

    def __init__(self, category: str) -> None:
        self.category = category
        self.threads: Sequence[ThreadSummary] = ()
        self.thread: ThreadView | None = None
        self.memories: Memories | None = None

    def summary(self) -> str:
        """Return the thread's status and how much there is of each part."""
        parts = []
        if self.thread:
            checkpoints = self.thread.checkpoints
            messages = checkpoints[0].messages if checkpoints else 0
            more = " (the thread has older ones)" if self.thread.more else ""
            parts = [
                f"{self.thread.status}, {count(messages, 'message')}, "
                f"{count(len(checkpoints), 'checkpoint')}{more}"
            ]
        if self.memories:
            more = " (the store holds more)" if self.memories.truncated else ""
            parts.append(count(len(self.memories.todos), "to-do") + more)
        return "; ".join(parts) or "no thread yet"

    async def read(self, client: LangGraphClient, chosen: str, user_id: str) -> str:
        """Read everything, and return the id of the thread that was read, else `chosen`.

        Args:
            client: of the deployment.
            chosen: a thread's id; empty for the newest one, `NEW` for none.
            user_id: whose memories; empty for none.

        Raises:
            NotFoundError: the thread has gone. The list of threads is new nevertheless.
        """
        (threads, thread), memories = await _together(
            self._read_threads(client, chosen), self._read_memories(client, user_id)
        )
        self.threads = threads
        if isinstance(thread, str):
            raise NotFoundError(thread, "choose another thread, or press Refresh")
        if thread:
            thread = thread.after(self.thread)
            self.threads = [*threads, thread.summary]  # it may be too old for the list
        self.thread, self.memories = thread, memories
        return thread.thread_id if thread else chosen

    async def read_older(self, client: LangGraphClient) -> None:
        """Read one more page of the thread's older checkpoints."""
        if self.thread:
            self.thread = await read_older(client, self.thread)

    def replace_messages(self, thread_id: str, messages: Sequence[Message]) -> None:
        """Take over a conversation that was streamed, if it is that of the thread read last."""
        if self.thread and self.thread.thread_id == thread_id:
            self.thread = replace(self.thread, messages=messages)

    async def _read_threads(
        self, client: LangGraphClient, chosen: str
    ) -> tuple[list[ThreadSummary], ThreadView | str | None]:
        """Return the list of threads, and the chosen one or why it is not there."""
        if chosen not in ("", NEW):
            return await _together(list_threads(client, THREADS), _thread_or_reason(client, chosen))
        threads = await list_threads(client, THREADS)
        if chosen == NEW or not threads:
            return threads, None
        return threads, await _thread_or_reason(client, threads[0].thread_id)

    async def _read_memories(self, client: LangGraphClient, user_id: str) -> Memories | None:
        return await read_memories(client, user_id, self.category) if user_id else None


async def _thread_or_reason(client: LangGraphClient, thread_id: str) -> ThreadView | str:
    """Return a thread, or a sentence if the server no longer has it."""
    try:
        return await read_thread(client, thread_id)
    except NotFoundError as error:
        return error.what


async def _together(one: Awaitable[A], other: Awaitable[B]) -> tuple[A, B]:
    """Await both; an error is raised only when both have ended."""
    results = await asyncio.gather(one, other, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[A, B]", results)
