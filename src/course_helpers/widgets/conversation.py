"""A thread's conversation as markup: turns, with the tool calls folded."""

from __future__ import annotations

import html
from collections.abc import Sequence

from course_helpers.server.messages import Message, ToolCall

SHOWN_TURNS = 100  # of a long conversation at once
LIVE_TEXT = 4_000  # characters of what is being said that are shown, its last ones
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
    """Return a turn that is being said; a screen reader hears of it when it has ended."""
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
