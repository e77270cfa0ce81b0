"""A thread in three parts: its conversation, its checkpoints, and what the store remembers."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence
from datetime import datetime

from ipywidgets import Dropdown, Text  # type: ignore[import-untyped]
from langgraph_sdk import get_client

from course_helpers.errors import NotFoundError
from course_helpers.lanes import Deployment, require_ready
from course_helpers.markup import clean
from course_helpers.store import Memories, read_memories
from course_helpers.threads import ThreadSummary, ThreadView, list_threads, read_thread
from course_helpers.widgets.conversation import conversation
from course_helpers.widgets.panel import Panel
from course_helpers.widgets.timeline import timeline

TIMEOUT = 15.0  # seconds for each request; a thread is read in about 0.1 s
THREADS = 50  # how many the dropdown offers
OPENING = 40  # characters of a thread's first message in it


class ThreadExplorer(Panel):
    """A thread's conversation and checkpoints, and a user's memories.

    Make it in a notebook cell with `await ThreadExplorer.load(server, thread_id, user_id="ann")`.

    Args:
        deployment: what `connect()` returned.
        thread_id: the thread to show; without it the one that changed last.
        user_id: whose memories to show; without it none are shown.
        category: the `todo_category` of these memories.

    Attributes:
        thread: what was read of the thread, or None.
        memories: what was read of the store, or None.
        thread_choice, user_field: what is shown; another value is read at once.
    """

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
        self._say("Press Refresh to read the threads.")

    @classmethod
    async def load(
        cls,
        deployment: Deployment,
        thread_id: str | None = None,
        user_id: str | None = None,
        category: str = "general",
    ) -> ThreadExplorer:
        """Return an explorer that has read its data; the arguments are the class's."""
        explorer = cls(deployment, thread_id, user_id, category)
        await explorer.refresh()
        return explorer

    def summary(self) -> str:
        """Return the thread's status and how much there is of each part."""
        parts = []
        if self.thread:
            checkpoints = self.thread.checkpoints
            messages = checkpoints[0].messages if checkpoints else 0
            more = " (the thread has older ones)" if self.thread.more else ""
            parts = [
                f"{self.thread.status}, {_count(messages, 'message')}, "
                f"{_count(len(checkpoints), 'checkpoint')}{more}"
            ]
        if self.memories:
            more = " (the store holds more)" if self.memories.truncated else ""
            parts.append(_count(len(self.memories.todos), "to-do") + more)
        return "; ".join(parts) or "no thread yet"

    def body_html(self) -> str:
        """Return the three parts as sections."""
        columns = below = ""
        if self.thread:
            turns = conversation(self.thread.messages)
            steps = timeline(self.thread.checkpoints, self.thread.more)
            columns = _section("Conversation", _scroll("Conversation", turns))
            below = _section("Checkpoints", _scroll("Checkpoints", steps))
        if self.memories:
            title = f"Memories of {self.memories.user_id}"
            columns += _section(title, _scroll(title, self.memories._repr_html_()))
        return f'<div class="course-columns">{columns}</div>{below}'

    async def _read(self) -> None:
        user_id = self.user_field.value.strip()
        await asyncio.to_thread(require_ready, self._url)
        async with get_client(url=self._url, timeout=TIMEOUT) as client:
            threads = await list_threads(client, THREADS)
            chosen = self.thread_choice.value or (threads[0].thread_id if threads else "")
            try:
                thread = await read_thread(client, chosen) if chosen else None
            except NotFoundError as error:
                self._offer(threads, "")
                raise NotFoundError(error.what, "choose another thread, or press Refresh") from None
            memories = await read_memories(client, user_id, self._category) if user_id else None
        self._offer([*threads, *([thread.summary] if thread else [])], chosen)
        self.thread, self.memories = thread, memories

    def _offer(self, threads: Sequence[ThreadSummary], chosen: str) -> None:
        """Fill the dropdown, without reading again because of it."""
        options = {"": "Choose a thread", **{t.thread_id: _label(t) for t in threads}}
        self.thread_choice.unobserve(self._pressed, "value")
        with self.thread_choice.hold_sync():
            self.thread_choice.options = [(label, key) for key, label in options.items()]
            self.thread_choice.value = chosen
        self.thread_choice.observe(self._pressed, "value")


def _label(thread: ThreadSummary) -> str:
    """Return a thread's first words, its status and when it changed last."""
    text = " ".join(clean(thread.opening).split()) or "(empty)"
    text = text if len(text) <= OPENING else f"{text[: OPENING - 1]}…"
    return f"{text} · {thread.status} · {_clock(thread.updated_at)}"


def _clock(iso_time: str) -> str:
    """Return a server's time by this computer's clock, with the day unless it is today."""
    then = datetime.fromisoformat(iso_time).astimezone()
    return f"{then:%H:%M}" if then.date() == datetime.now().date() else f"{then:%d %b %H:%M}"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _section(title: str, markup: str) -> str:
    return f"<section><h4>{html.escape(title)}</h4>{markup}</section>"


def _scroll(name: str, markup: str) -> str:
    """Return a part that scrolls when it is long; the keyboard reaches it too."""
    return (
        f'<div class="course-scroll" role="region" aria-label="{html.escape(name)}" tabindex="0">'
        f"{markup}</div>"
    )
