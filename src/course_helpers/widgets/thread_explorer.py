"""A thread in three parts: its conversation, its checkpoints, and what the store remembers."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence

from ipywidgets import Text  # type: ignore[import-untyped]
from langgraph_sdk import get_client

from course_helpers.lanes import Deployment, require_ready
from course_helpers.store import Memories, html_table, read_memories
from course_helpers.threads import Checkpoint, Message, ThreadView, ToolCall, read_thread
from course_helpers.widgets.panel import Panel

TIMEOUT = 15.0  # seconds for each request; a thread is read in about 0.1 s
_SPEAKERS = {"human": "You", "ai": "Agent", "system": "System"}


class ThreadExplorer(Panel):
    """A thread's conversation and checkpoints, and a user's memories.

    Make it in a notebook cell with `await ThreadExplorer.load(server, thread_id, user_id="ann")`.

    Args:
        deployment: what `connect()` returned.
        thread_id: the thread to show; without it the learner types one.
        user_id: whose memories to show; without it none are shown.
        category: the `todo_category` of these memories.

    Attributes:
        thread: what was read of the thread, or None.
        memories: what was read of the store, or None.
        thread_field, user_field: what is shown; another value is read at once.
    """

    def __init__(
        self,
        deployment: Deployment,
        thread_id: str | None = None,
        user_id: str | None = None,
        category: str = "general",
    ) -> None:
        self.thread_field = _field("Thread", thread_id, "a thread's id")
        self.user_field = _field("User", user_id, "whose memories")
        super().__init__(
            "Thread explorer",
            "Refresh",
            "Read the thread and the memories again",
            [self.thread_field, self.user_field],
        )
        self._url, self._category = deployment.url, category
        self.thread: ThreadView | None = None
        self.memories: Memories | None = None
        self._say("Give a thread's id or a user, then press Refresh.")

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
            messages = checkpoints[0].messages if checkpoints else 0  # tools' answers count too
            parts += [
                f"{self.thread.status}, {_count(messages, 'message')}, "
                f"{_count(len(checkpoints), 'checkpoint')}"
            ]
        if self.memories:
            parts.append(_count(len(self.memories.todos), "to-do"))
        return "; ".join(parts) or "nothing read yet"

    def body_html(self) -> str:
        """Return the three parts as sections."""
        columns = ""
        if self.thread:
            turns = "".join(map(_turn, self.thread.messages)) or "<p>Nothing was said yet.</p>"
            columns += _section("Conversation", _scroll("Conversation", turns))
        if self.memories:
            title = f"Memories of {self.memories.user_id}"
            columns += _section(title, self.memories._repr_html_())
        below = _checkpoints(self.thread.checkpoints) if self.thread else ""
        return f'<div class="course-columns">{columns}</div>{below}'

    async def _read(self) -> None:
        thread_id, user_id = self.thread_field.value.strip(), self.user_field.value.strip()
        await asyncio.to_thread(require_ready, self._url)
        async with get_client(url=self._url, timeout=TIMEOUT) as client:
            thread = await read_thread(client, thread_id) if thread_id else None
            memories = await read_memories(client, user_id, self._category) if user_id else None
        self.thread, self.memories = thread, memories


def _field(name: str, value: str | None, placeholder: str) -> Text:
    return Text(
        description=name, value=value or "", placeholder=placeholder, continuous_update=False
    )


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _section(title: str, markup: str) -> str:
    return f"<section><h4>{html.escape(title)}</h4>{markup}</section>"


def _scroll(name: str, markup: str) -> str:
    """Return a part that scrolls when it is long; the keyboard reaches it too."""
    return (
        f'<div class="course-scroll" role="region" aria-label="{name}" tabindex="0">{markup}</div>'
    )


def _turn(message: Message) -> str:
    speaker = html.escape(_SPEAKERS.get(message.role, message.role))
    said = f'<p class="course-text">{html.escape(message.text)}</p>' if message.text else ""
    calls = "".join(map(_tool_call, message.tool_calls))
    kind = " human" if message.role == "human" else ""
    return f'<div class="course-turn{kind}"><strong>{speaker}</strong>{said}{calls}</div>'


def _tool_call(call: ToolCall) -> str:
    result = "not answered yet" if call.result is None else call.result
    return (
        f"<details><summary>Tool call: <code>{html.escape(call.name)}</code></summary>"
        f"Arguments<pre>{html.escape(call.arguments)}</pre>"
        f"Result<pre>{html.escape(result)}</pre></details>"
    )


def _checkpoints(checkpoints: Sequence[Checkpoint]) -> str:
    rows = [
        {
            "Step": str(checkpoint.step),
            "Messages": str(checkpoint.messages),
            "Next": ", ".join(checkpoint.next) or "end",
            "Errors": "; ".join(checkpoint.errors) or "none",
        }
        for checkpoint in checkpoints
    ]
    return _section("Checkpoints", _scroll("Checkpoints", html_table("Newest first", rows)))
