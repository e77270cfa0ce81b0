"""A thread as words and markup: its label, its turns with the tool calls folded, the live one."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence
from datetime import datetime

from ipywidgets import HTML  # type: ignore[import-untyped]

from course_helpers.core.markup import clean, one_line
from course_helpers.server.messages import Message, ToolCall
from course_helpers.server.threads import ThreadSummary

SHOWN_TURNS = 100  # of a long conversation at once
LIVE_TEXT = 4_000  # characters of what is being said that are shown, its last ones
OPENING = 40  # characters of a thread's first message in the list of threads
INTERVAL = 0.05  # seconds between two updates; tokens come faster than an eye follows
_SPEAKERS = {"human": "You", "ai": "Agent", "system": "System"}


def conversation(messages: Sequence[Message], page: int = 0) -> str:
    """Return the turns, the oldest first; of a long conversation one page, and it says so.

    Args:
        messages: the whole conversation.
        page: 0 for the last turns, 1 for those before them, and so on.
    """
    if not messages:
        return "<p>Nothing was said yet.</p>"
    end = len(messages) - page * SHOWN_TURNS
    turns = "".join(map(_turn, messages[max(0, end - SHOWN_TURNS) : end]))
    if len(messages) <= SHOWN_TURNS:
        return turns
    which = (
        f"turns {max(1, end - SHOWN_TURNS + 1):,} to {end:,}" if page else f"the last {SHOWN_TURNS}"
    )
    of = f"of {len(messages):,}" + ("" if page else " turns")
    return f"<p>Showing {which} {of}.</p>{turns}"


def pages(messages: Sequence[Message]) -> int:
    """Return how many pages a conversation has."""
    return -(-len(messages) // SHOWN_TURNS)


def live_turn(text: str) -> str:
    """Return the turn that is being said; a screen reader announces it when it has ended."""
    shown = text if len(text) <= LIVE_TEXT else f"…{text[-LIVE_TEXT:]}"
    return (
        '<div class="course-turn course-live" aria-live="off" aria-busy="true">'
        f"<strong>Agent</strong> <span>is speaking</span>"
        f'<p class="course-text">{html.escape(shown)}</p></div>'
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


def label(thread: ThreadSummary) -> str:
    """Return a thread's first words, its status and when it changed last."""
    text = one_line(thread.opening, OPENING) or "(empty)"
    return f"{text} · {thread.status} · {_clock(thread.updated_at)}"


def _clock(iso_time: str) -> str:
    """Return a server's time by this computer's clock, with the day unless it is today."""
    then = datetime.fromisoformat(iso_time).astimezone()
    return f"{then:%H:%M}" if then.date() == datetime.now().date() else f"{then:%d %b %H:%M}"


class LiveTurn(HTML):
    """Shows a text that grows, at most every `INTERVAL`; the first token at once.

    Args:
        loop: the event loop on which it is drawn.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop, self._text, self._drawn_at = loop, "", 0.0
        self._due: asyncio.TimerHandle | None = None

    def show(self, text: str) -> None:
        """Show what was said so far, now or shortly."""
        self._text = text
        if self._due is None:
            wait = self._drawn_at + INTERVAL - self._loop.time()
            if wait > 0:
                self._due = self._loop.call_later(wait, self._draw)
            else:
                self._draw()

    def clear(self) -> None:
        """Show nothing any more: the conversation has the whole turn."""
        if self._due is not None:
            self._due.cancel()
        self._due, self._text, self.value = None, "", ""

    def _draw(self) -> None:
        self._due, self._drawn_at = None, self._loop.time()
        self.value = clean(live_turn(self._text))
