"""What a thread explorer reads and shows: conversation, memories and checkpoints, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from ipywidgets import HTML, Box, Button, Dropdown, HBox, Text, VBox  # type: ignore[import-untyped]
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import NotFoundError
from course_helpers.core.markup import clean, count
from course_helpers.lanes import Deployment
from course_helpers.server.memories import Memories, read_memories
from course_helpers.server.messages import Message
from course_helpers.server.probe import require_ready
from course_helpers.server.threads import (
    ThreadSummary,
    ThreadView,
    list_threads,
    read_older,
    read_thread,
)
from course_helpers.widgets.checkpoint_timeline import timeline
from course_helpers.widgets.conversation import (
    LiveTurn,
    conversation,
    label,
    pages,
)
from course_helpers.widgets.panel import Panel, offer
from course_helpers.widgets.theme import scroll, section

TIMEOUT = 15.0  # seconds for each request; a thread is read in about 0.1 s
THREADS = 50  # how many the dropdown offers
A = TypeVar("A")
B = TypeVar("B")
NEW = "new"  # the dropdown's value for a thread that the next message begins


class ThreadPanel(Panel):
    """A thread's conversation and checkpoints, and a user's memories: `ThreadExplorer` to read."""

    def __init__(
        self,
        deployment: Deployment,
        thread_id: str | None = None,
        user_id: str | None = None,
        category: str = "general",
    ) -> None:
        given = thread_id or ""
        self.thread_choice = Dropdown(
            description="Thread", options=[(given or "the newest", given)], value=given
        )
        self.user_field = Text(
            description="User",
            value=user_id or "",
            placeholder="whose memories",
            continuous_update=False,
        )
        super().__init__(
            "Thread explorer",
            "Refresh",
            "Read the list of threads, the thread and the memories again",
            [self.thread_choice, self.user_field],
        )
        self._url, self._category = deployment.url, category
        self.thread: ThreadView | None = None
        self.memories: Memories | None = None
        self._threads: Sequence[ThreadSummary] = ()
        self._reading, self._page = asyncio.Lock(), 0
        self._lay_out()
        self._say("Press Refresh to read the threads.")

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

    def body_html(self) -> str:
        """Return the three parts as sections."""
        columns = self._memories_html()
        if self.thread:
            turns = conversation(self.thread.messages)
            columns = section("Conversation", scroll("Conversation", turns)) + columns
        return f'<div class="course-columns">{columns}</div>{self._checkpoints_html()}'

    async def show_older(self) -> None:
        """Read and show one page more of older checkpoints."""
        async with self._reading:
            with self._outcome_shown():
                if self.thread:
                    async with self._client() as client:
                        self.thread = await read_older(client, self.thread)

    def turn_page(self, step: int) -> None:
        """Show an earlier page of the conversation (1), or a later one (-1)."""
        if self.thread:
            last = max(0, pages(self.thread.messages) - 1)
            self._page = min(max(self._page + step, 0), last)
            self._paint_conversation(self.thread.messages)

    def _lay_out(self) -> None:
        self._memories, self._steps = HTML(), HTML()
        self.live = LiveTurn(self._loop)
        self.earlier = Button(description="Earlier turns", tooltip="Show what was said before")
        self.later = Button(description="Later turns", tooltip="Show what was said after that")
        self.older = Button(description="Older checkpoints", tooltip="Read and show some more")
        for button, step in ((self.earlier, 1), (self.later, -1)):
            button.on_click(lambda _, n=step: self._loop.call_soon_threadsafe(self.turn_page, n))
        self.older.on_click(lambda _: self._soon(self._older_pressed()))
        self._pager = HBox([self.earlier, self.later])
        self._history = VBox([self._steps, self.older])
        self._talk = VBox([self._body, self.live, self._pager])
        self._columns = Box([self._talk, self._memories])
        self._pager.add_class("course-controls")
        self._columns.add_class("course-columns")
        self._show_only_what_applies()
        self.children = [*self.children[:-1], self._columns, self._history]

    def _soon(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _older_pressed(self) -> None:
        await self.show_older()
        self.older.focus()

    async def _refresh(self) -> None:
        async with self._reading:
            await super()._refresh()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[LangGraphClient]:
        await asyncio.to_thread(require_ready, self._url)
        async with get_client(url=self._url, timeout=TIMEOUT) as client:
            yield client

    async def _read(self) -> None:
        chosen = self.thread_choice.value
        async with self._client() as client:
            (threads, thread), memories = await _together(
                self._read_threads(client, chosen), self._read_memories(client)
            )
        if isinstance(thread, str):
            self._offer(threads, "")
            raise NotFoundError(thread, "choose another thread, or press Refresh")
        thread = thread.after(self.thread) if thread else None
        known = [*threads, *([thread.summary] if thread else [])]
        shown, wanted = thread.thread_id if thread else chosen, self.thread_choice.value
        self._offer(known, shown if wanted == chosen else wanted)  # chosen while this was read
        if not (thread and self.thread and thread.thread_id == self.thread.thread_id):
            self._page = 0
        self.thread, self.memories = thread, memories

    async def _read_threads(
        self, client: LangGraphClient, chosen: str
    ) -> tuple[list[ThreadSummary], ThreadView | str | None]:
        """Return the list of threads and the chosen one, without a choice the newest."""
        if chosen not in ("", NEW):
            return await _together(list_threads(client, THREADS), _find(client, chosen))
        threads = await list_threads(client, THREADS)
        newest = next((t.thread_id for t in threads), NEW) if chosen != NEW else NEW
        return threads, None if newest == NEW else await _find(client, newest)

    async def _read_memories(self, client: LangGraphClient) -> Memories | None:
        user_id = self.user_field.value.strip()
        return await read_memories(client, user_id, self._category) if user_id else None

    def _offer(self, threads: Sequence[ThreadSummary], chosen: str) -> None:
        """Fill the dropdown, without reading again because of it."""
        self._threads = threads
        options = {"": "Choose a thread", NEW: "A new thread"}
        options |= {t.thread_id: label(t) for t in threads}
        options.setdefault(chosen, chosen)
        pairs = [(label, key) for key, label in options.items()]
        offer(self.thread_choice, pairs, chosen, self._pressed)

    def _paint(self) -> None:
        self._paint_conversation(self.thread.messages if self.thread else None)
        self._memories.value = clean(self._memories_html())
        self._steps.value = clean(self._checkpoints_html())
        self._show_only_what_applies()

    def _paint_conversation(self, messages: Sequence[Message] | None) -> None:
        """Show a page of the conversation, its end in view."""
        self._talk.layout.display = "none" if messages is None else None
        several = messages is not None and pages(messages) > 1
        self._pager.layout.display = None if several else "none"
        if messages is None:
            self._body.value = ""
            return
        self.earlier.disabled = self._page >= pages(messages) - 1
        self.later.disabled = self._page == 0
        turns = scroll("Conversation", f"<div>{conversation(messages, self._page)}</div>", "end")
        self._body.value = clean(section("Conversation", turns))

    def _show_only_what_applies(self) -> None:
        self._memories.layout.display = None if self._memories.value else "none"
        more = self.thread is not None and self.thread.more
        self.older.layout.display = None if more else "none"

    def _checkpoints_html(self) -> str:
        if self.thread is None:
            return ""
        steps = timeline(self.thread.checkpoints, self.thread.more)
        return section("Checkpoints", scroll("Checkpoints", steps))

    def _memories_html(self) -> str:
        if self.memories is None:
            return ""
        title = f"Memories of {self.memories.user_id}"
        return section(title, scroll(title, self.memories._repr_html_()))


async def _find(client: LangGraphClient, thread_id: str) -> ThreadView | str:
    """Return a thread, or in words that it has gone."""
    try:
        return await read_thread(client, thread_id)
    except NotFoundError as error:
        return error.what


async def _together(one: Awaitable[A], other: Awaitable[B]) -> tuple[A, B]:
    """Await two things at once, both to their ends: neither fails behind the other's back."""
    results = await asyncio.gather(one, other, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[A, B]", results)
