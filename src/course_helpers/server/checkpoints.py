"""A thread's checkpoints as plain data, read page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph_sdk.client import LangGraphClient

from course_helpers.server.messages import messages_of, text_of


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
        failed: the nodes in which it did, in the same order.
        parent_id: the checkpoint before; empty if there is none.
        source: what made it: `input`, `loop` (a step of the graph), `update` or `fork`.
        ran: the nodes whose step made it, if they are known.
        said: the last human message that the state held; empty if there was none.
        asked: what the nodes that were about to run have asked with `interrupt()`.
    """

    id: str
    step: int
    created_at: str
    messages: int
    next: Sequence[str]
    errors: Sequence[str]
    failed: Sequence[str] = ()
    parent_id: str = ""
    source: str = "loop"
    ran: Sequence[str] = ()
    said: str = ""
    asked: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """Some checkpoints of a thread, the newest first.

    Attributes:
        checkpoints: those that were read.
        values: the state that the newest of them saved; None if there is none.
        more: whether there are older ones.
    """

    checkpoints: Sequence[Checkpoint]
    values: Any = None
    more: bool = False


async def read_page(client: LangGraphClient, thread_id: str, limit: int, before: str = "") -> Page:
    """Read a thread's newest checkpoints, or those before one.

    Args:
        client: of a deployment, for instance `server.client`.
        thread_id: the thread's UUID.
        limit: how many at most. The server sends the whole state with each.
        before: a checkpoint's id.
    """
    # Both engines take the id in this place only, whatever the SDK's types say.
    place: Any = {"configurable": {"checkpoint_id": before}} if before else None
    history = await client.threads.get_history(thread_id, limit=limit, before=place)
    states = [dict(state) for state in history]
    return Page(
        checkpoints=checkpoints_of(states),
        values=states[0].get("values") if states else None,
        more=len(states) == limit and bool(states[-1].get("parent_checkpoint")),
    )


def joined(newer: Sequence[Checkpoint], older: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Return two pages as one; the older one completes `ran` in the newer one."""
    nexts = {checkpoint.id: checkpoint.next for checkpoint in older}
    completed = [
        replace(c, ran=list(nexts[c.parent_id]))
        if c.source == "loop" and c.parent_id in nexts
        else c
        for c in newer
    ]
    return [*completed, *older]


def checkpoints_of(history: Sequence[dict[str, Any]]) -> list[Checkpoint]:
    """Return the checkpoints of a history as the server sends it, in its order.

    A checkpoint says which nodes come next, so that its parent says which ones ran to make it.
    """
    nexts = {state["checkpoint"]["checkpoint_id"]: state.get("next") or [] for state in history}
    return [_checkpoint(state, nexts.get(_parent_id(state), ())) for state in history]


def _checkpoint(state: dict[str, Any], ran: Sequence[str] = ()) -> Checkpoint:
    metadata, tasks = state.get("metadata") or {}, state.get("tasks") or []
    failed = [task for task in tasks if task.get("error")]
    source = str(metadata.get("source", "loop"))
    messages = messages_of(state.get("values"))
    human = (message for message in reversed(messages) if message.get("type") == "human")
    return Checkpoint(
        id=str(state["checkpoint"]["checkpoint_id"]),
        step=int(metadata.get("step", 0)),
        created_at=str(state.get("created_at") or ""),
        messages=len(messages),
        next=list(state.get("next") or []),
        errors=[str(task["error"]) for task in failed],
        failed=[str(task.get("name", "?")) for task in failed],
        parent_id=_parent_id(state),
        source=source,
        ran=list(ran) if source == "loop" else [],
        said=text_of(next(human, {})),
        asked=[_asked(i) for task in tasks for i in task.get("interrupts") or []],
    )


def _asked(interrupt: dict[str, Any]) -> str:
    value = interrupt.get("value")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parent_id(state: dict[str, Any]) -> str:
    return str((state.get("parent_checkpoint") or {}).get("checkpoint_id", ""))
