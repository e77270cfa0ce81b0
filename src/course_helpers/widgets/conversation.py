"""A thread's conversation as markup: turns, with the tool calls folded."""

from __future__ import annotations

import html
from collections.abc import Sequence

from course_helpers.threads import Message, ToolCall

SHOWN_TURNS = 100  # the last ones of a long conversation
_SPEAKERS = {"human": "You", "ai": "Agent", "system": "System"}


def conversation(messages: Sequence[Message]) -> str:
    """Return the turns, the oldest first; of a long conversation the last, and it says so."""
    if not messages:
        return "<p>Nothing was said yet.</p>"
    turns = "".join(map(_turn, messages[-SHOWN_TURNS:]))
    if len(messages) <= SHOWN_TURNS:
        return turns
    return f"<p>Showing the last {SHOWN_TURNS} of {len(messages):,} turns.</p>{turns}"


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
