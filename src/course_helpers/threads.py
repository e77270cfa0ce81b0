"""A thread as plain data: its conversation and its checkpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError
from langgraph_sdk.errors import UnprocessableEntityError

from course_helpers.errors import NotFoundError


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
class Checkpoint:
    """One saved state of the thread.

    Attributes:
        id: the checkpoint's id.
        step: its number within the thread; the input is -1.
        created_at: ISO time by the server's clock.
        messages: how many messages the state held.
        next: the nodes that were about to run; empty at the end.
        errors: what went wrong in them, if anything did.
    """

    id: str
    step: int
    created_at: str
    messages: int
    next: Sequence[str]
    errors: Sequence[str]


@dataclass(frozen=True)
class ThreadView:
    """A thread as it was when it was read; the checkpoints newest first."""

    thread_id: str
    status: str
    messages: Sequence[Message]
    checkpoints: Sequence[Checkpoint]

    def __repr__(self) -> str:
        return (
            f"Thread {self.status}: {len(self.messages)} messages, "
            f"{len(self.checkpoints)} checkpoints"
        )


async def read_thread(
    client: LangGraphClient, thread_id: str, checkpoints: int = 100
) -> ThreadView:
    """Read a thread's status, conversation and newest checkpoints from the server.

    Args:
        client: of a deployment, for instance `server.client`.
        thread_id: the thread's UUID.
        checkpoints: how many checkpoints at most.

    Raises:
        NotFoundError: there is no such thread.
    """
    try:
        thread = await client.threads.get(thread_id)
        history = await client.threads.get_history(thread_id, limit=checkpoints)
    except (SdkNotFoundError, UnprocessableEntityError):  # unknown, or not a UUID at all
        raise NotFoundError(
            f"There is no thread {thread_id} on this server.",
            "make one with: thread = await client.threads.create()",
        ) from None
    newest = history[0]["values"] if history else {}
    return ThreadView(
        thread_id=thread_id,
        status=thread["status"],
        messages=_conversation(_messages_of(newest)),
        checkpoints=[_checkpoint(dict(state)) for state in history],
    )


def _messages_of(values: Any) -> list[dict[str, Any]]:
    return values.get("messages", []) if isinstance(values, dict) else []


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


def _checkpoint(state: dict[str, Any]) -> Checkpoint:
    metadata = state.get("metadata") or {}
    return Checkpoint(
        id=str(state["checkpoint"]["checkpoint_id"]),
        step=int(metadata.get("step", 0)),
        created_at=str(state.get("created_at") or ""),
        messages=len(_messages_of(state.get("values"))),
        next=list(state.get("next") or []),
        errors=[str(task["error"]) for task in state.get("tasks") or [] if task.get("error")],
    )
