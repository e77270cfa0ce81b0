"""The messages of a thread's state as plain data: turns of a conversation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolCall:
    """A tool call of the model with what came back for it, if it has been answered."""

    name: str
    arguments: str
    result: str | None = None


@dataclass(frozen=True)
class Message:
    """One turn of the conversation.

    Attributes:
        role: `human`, `ai` or `system`.
        text: what was said; empty when the model only called tools.
        tool_calls: the calls, each with its result.
    """

    role: str
    text: str
    tool_calls: Sequence[ToolCall] = ()


def messages_of(values: Any) -> list[dict[str, Any]]:
    """Return the messages of a state, or none if it has no such key."""
    return values.get("messages", []) if isinstance(values, dict) else []


def conversation_of(messages: Sequence[dict[str, Any]]) -> list[Message]:
    """Return the turns of a conversation, with each tool's answer in the call that it answers."""
    results = {m.get("tool_call_id"): text_of(m) for m in messages if m.get("type") == "tool"}
    return [
        Message(
            role=str(m.get("type", "?")),
            text=text_of(m),
            tool_calls=[
                ToolCall(
                    name=str(call.get("name")),
                    arguments=json.dumps(call.get("args"), ensure_ascii=False),
                    result=results.get(call.get("id")),
                )
                for call in m.get("tool_calls") or []
            ],
        )
        for m in messages
        if m.get("type") != "tool"
    ]


def text_of(message: dict[str, Any]) -> str:
    """Return a message's text, whether its content is a text or a list of blocks."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(b if isinstance(b, str) else str(b.get("text", "")) for b in content)
