"""A thread's checkpoints as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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
        ran: the nodes whose step made it, if that is known.
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


def checkpoints_of(history: Sequence[dict[str, Any]]) -> list[Checkpoint]:
    """Return the checkpoints of a history as the server sends it, in its order.

    A checkpoint says which nodes come next, so that its parent says which ones ran to make it.
    """
    nexts = {state["checkpoint"]["checkpoint_id"]: state.get("next") or [] for state in history}
    return [_checkpoint(state, nexts.get(_parent_id(state), ())) for state in history]


def _checkpoint(state: dict[str, Any], ran: Sequence[str] = ()) -> Checkpoint:
    metadata = state.get("metadata") or {}
    failed = [task for task in state.get("tasks") or [] if task.get("error")]
    source = str(metadata.get("source", "loop"))
    return Checkpoint(
        id=str(state["checkpoint"]["checkpoint_id"]),
        step=int(metadata.get("step", 0)),
        created_at=str(state.get("created_at") or ""),
        messages=len(messages_of(state.get("values"))),
        next=list(state.get("next") or []),
        errors=[str(task["error"]) for task in failed],
        failed=[str(task.get("name", "?")) for task in failed],
        parent_id=_parent_id(state),
        source=source,
        ran=list(ran) if source == "loop" else [],
    )


def _parent_id(state: dict[str, Any]) -> str:
    return str((state.get("parent_checkpoint") or {}).get("checkpoint_id", ""))


def messages_of(values: Any) -> list[dict[str, Any]]:
    """Return the messages of a state, or none if it has no such key."""
    return values.get("messages", []) if isinstance(values, dict) else []
