"""Threads as plain data: which there are, and one's conversation and checkpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError
from langgraph_sdk.errors import UnprocessableEntityError

from course_helpers.checkpoints import Checkpoint, checkpoints_of, messages_of
from course_helpers.errors import NotFoundError

# What a search sends of each thread's state: the first messages instead of all of them.
_OPENING = {
    f"{part}{n}": f"values.messages[{n}].{part}" for n in range(3) for part in ("type", "content")
}

# The server sends the whole state with each checkpoint: measured, 6 MB for 50 of 500 messages.
HISTORY_MESSAGES = 10_000  # that are read with all checkpoints together


@dataclass(frozen=True)
class ThreadSummary:
    """A thread in a list of threads.

    Attributes:
        thread_id: its id.
        status: `idle`, `busy`, `interrupted` or `error`.
        updated_at: ISO time of its last change, by the server's clock.
        opening: its first human message; empty if there is none.
    """

    thread_id: str
    status: str
    updated_at: str
    opening: str


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


@dataclass(frozen=True)
class ThreadView:
    """A thread as it was when it was read.

    Attributes:
        thread_id: its id.
        status: `idle`, `busy`, `interrupted` or `error`.
        messages: the whole conversation.
        checkpoints: newest first.
        updated_at: ISO time of its last change, by the server's clock.
        more: whether it has older checkpoints, which were not read.
    """

    thread_id: str
    status: str
    messages: Sequence[Message]
    checkpoints: Sequence[Checkpoint]
    updated_at: str
    more: bool = False

    @property
    def summary(self) -> ThreadSummary:
        """What a list of threads says of it."""
        opening = next((m.text for m in self.messages if m.role == "human"), "")
        return ThreadSummary(self.thread_id, self.status, self.updated_at, opening)

    def __repr__(self) -> str:
        return (
            f"Thread {self.status}: {len(self.messages)} messages, "
            f"{len(self.checkpoints)} checkpoints"
        )


async def list_threads(client: LangGraphClient, limit: int = 50) -> list[ThreadSummary]:
    """Return the threads that changed last, the newest first, in one small request.

    Args:
        client: of a deployment, for instance `server.client`.
        limit: how many threads at most, 1 to 1,000.
    """
    threads = await client.threads.search(
        limit=limit,
        sort_by="updated_at",
        sort_order="desc",
        select=["thread_id", "status", "updated_at"],
        extract=_OPENING,
    )
    return [_summary(dict(thread)) for thread in threads]


def _no_thread(thread_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no thread {thread_id!r} on this server.",
        "make one with: thread = await client.threads.create()",
    )


async def read_thread(
    client: LangGraphClient, thread_id: str, checkpoints: int = 100
) -> ThreadView:
    """Read a thread's status, conversation and newest checkpoints from the server.

    Args:
        client: of a deployment, for instance `server.client`.
        thread_id: the thread's UUID.
        checkpoints: how many checkpoints at most. A long conversation gets fewer, at least ten, so
            that they hold about `HISTORY_MESSAGES` messages in all.

    Raises:
        NotFoundError: there is no such thread.
    """
    if not thread_id:  # the SDK would ask for the list of threads
        raise _no_thread(thread_id)
    try:
        thread = await client.threads.get(thread_id)
        messages = len(messages_of(thread.get("values")))
        limit = min(checkpoints, max(10, HISTORY_MESSAGES // (messages + 1)))
        history = await client.threads.get_history(thread_id, limit=limit)
    except (SdkNotFoundError, UnprocessableEntityError):  # unknown, or not a UUID at all
        raise _no_thread(thread_id) from None
    newest = history[0]["values"] if history else None
    return ThreadView(
        thread_id=thread_id,
        status=thread["status"],
        messages=_conversation(messages_of(newest)),
        checkpoints=checkpoints_of([dict(state) for state in history]),
        updated_at=str(thread["updated_at"]),
        more=len(history) == limit and bool(history[-1].get("parent_checkpoint")),
    )


def _summary(thread: dict[str, Any]) -> ThreadSummary:
    extracted = thread.get("extracted") or {}
    messages = [
        {"type": extracted.get(f"type{n}"), "content": extracted.get(f"content{n}")}
        for n in range(3)
    ]
    return ThreadSummary(
        thread_id=str(thread["thread_id"]),
        status=str(thread["status"]),
        updated_at=str(thread["updated_at"]),
        opening=next((text_of(m) for m in messages if m["type"] == "human"), ""),
    )


def _conversation(messages: Sequence[dict[str, Any]]) -> list[Message]:
    """Fold each tool's answer into the call that it answers."""
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
