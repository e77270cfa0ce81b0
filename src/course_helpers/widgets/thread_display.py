"""The widgets that show a thread: its conversation page by page, the memories, the checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ipywidgets import HTML, Box, Button, HBox, VBox  # type: ignore[import-untyped]

from course_helpers.core.markup import clean
from course_helpers.server.memories import Memories
from course_helpers.server.messages import Message
from course_helpers.server.threads import ThreadView
from course_helpers.widgets.checkpoint_timeline import timeline
from course_helpers.widgets.conversation import LiveTurn, conversation, pages
from course_helpers.widgets.theme import scroll, section


class ThreadDisplay:
    """The parts of a thread as widgets; it reads nothing itself.

    Args:
        turns: the widget for the conversation.
        loop: the event loop on which it is drawn.

    Attributes:
        live: the turn that is being said.
        earlier, later: the buttons that turn the conversation's pages.
        older: the button for older checkpoints, shown if there are some.
        steps: the checkpoints.
        columns: the conversation and the memories side by side, to lay out.
        history: the checkpoints with their button, to lay out.
    """

    def __init__(self, turns: HTML, loop: asyncio.AbstractEventLoop) -> None:
        self._turns, self._memories, self.steps = turns, HTML(), HTML()
        self._messages: Sequence[Message] | None = None
        self._thread_id, self._page = "", 0
        self.live = LiveTurn(loop)
        self.earlier = Button(description="Earlier turns", tooltip="Show what was said before")
        self.later = Button(description="Later turns", tooltip="Show what was said after that")
        self.older = Button(description="Older checkpoints", tooltip="Read and show some more")
        for button, step in ((self.earlier, 1), (self.later, -1)):
            button.on_click(lambda _, n=step: loop.call_soon_threadsafe(self.turn_page, n))
        self._pager = HBox([self.earlier, self.later])
        self._talk = VBox([turns, self.live, self._pager])
        self.columns = Box([self._talk, self._memories])
        self.history = VBox([self.steps, self.older])
        self._pager.add_class("course-controls")
        self.columns.add_class("course-columns")
        self._hide_what_is_empty(None)

    def show(self, thread: ThreadView | None, memories: Memories | None) -> None:
        """Show what was read. Another thread than before is shown from its last page."""
        thread_id = thread.thread_id if thread else ""
        if thread_id != self._thread_id:
            self._thread_id, self._page = thread_id, 0
        self._show_turns(thread.messages if thread else None)
        self._memories.value = clean(memories_html(memories))
        self.steps.value = clean(checkpoints_html(thread))
        self._hide_what_is_empty(thread)

    def show_step(self, messages: Sequence[Message]) -> None:
        """Show the conversation as a step has left it, while the run goes on."""
        self.live.clear()
        self._page = 0
        self._show_turns(messages)

    def turn_page(self, step: int) -> None:
        """Show an earlier page of the conversation (1), or a later one (-1)."""
        if self._messages is not None:
            last = max(0, pages(self._messages) - 1)
            self._page = min(max(self._page + step, 0), last)
            self._show_turns(self._messages)

    def _show_turns(self, messages: Sequence[Message] | None) -> None:
        """Show a page of the conversation, its end in view."""
        self._messages = messages
        self._talk.layout.display = "none" if messages is None else None
        several = messages is not None and pages(messages) > 1
        self._pager.layout.display = None if several else "none"
        if messages is None:
            self._turns.value = ""
            return
        self.earlier.disabled = self._page >= pages(messages) - 1
        self.later.disabled = self._page == 0
        turns = scroll("Conversation", f"<div>{conversation(messages, self._page)}</div>", "end")
        self._turns.value = clean(section("Conversation", turns))

    def _hide_what_is_empty(self, thread: ThreadView | None) -> None:
        self._memories.layout.display = None if self._memories.value else "none"
        self.older.layout.display = None if thread and thread.more else "none"


def thread_html(thread: ThreadView | None, memories: Memories | None) -> str:
    """Return the three parts as sections, for where no widget runs."""
    columns = memories_html(memories)
    if thread:
        turns = conversation(thread.messages)
        columns = section("Conversation", scroll("Conversation", turns)) + columns
    return f'<div class="course-columns">{columns}</div>{checkpoints_html(thread)}'


def checkpoints_html(thread: ThreadView | None) -> str:
    """Return a thread's checkpoints as a section; without a thread nothing."""
    if thread is None:
        return ""
    steps = timeline(thread.checkpoints, thread.more)
    return section("Checkpoints", scroll("Checkpoints", steps))


def memories_html(memories: Memories | None) -> str:
    """Return a user's memories as a section; without them nothing."""
    if memories is None:
        return ""
    title = f"Memories of {memories.user_id}"
    return section(title, scroll(title, memories._repr_html_()))
