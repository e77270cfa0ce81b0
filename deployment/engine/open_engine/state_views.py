"""A state as a LangGraph server shows it.

Aegra's lacks the checkpoint and the path of each task, and shows a subgraph's place as its state.
"""

from __future__ import annotations

from typing import Any

from langgraph.types import PregelTask, StateSnapshot

from open_engine.plain import to_plain

_KEYS = ("thread_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map")


def state_view(state: StateSnapshot) -> dict[str, Any]:
    """Return a state as JSON-compatible data."""
    return dict(to_plain(_view(state)))


def empty_view() -> dict[str, Any]:
    """Return the state of a thread that no graph has run on."""
    return _view(StateSnapshot({}, (), {}, None, None, None, (), ()))


def checkpoint_view(config: Any) -> dict[str, Any] | None:
    """Return what names a checkpoint in a configuration; None if it names none."""
    configurable = (config or {}).get("configurable") or {}
    if not configurable.get("checkpoint_id"):
        return None
    return {key: configurable[key] for key in _KEYS if key in configurable}


def _view(state: StateSnapshot) -> dict[str, Any]:
    checkpoint, parent = checkpoint_view(state.config), checkpoint_view(state.parent_config)
    return {
        "values": state.values,
        "next": list(state.next),
        "tasks": [_task(task) for task in state.tasks],
        "metadata": _metadata(state, checkpoint),
        "created_at": state.created_at,
        "checkpoint": checkpoint,
        "parent_checkpoint": parent,
        "interrupts": list(state.interrupts),
        "checkpoint_id": checkpoint["checkpoint_id"] if checkpoint else None,
        "parent_checkpoint_id": parent["checkpoint_id"] if parent else None,
    }


def _metadata(state: StateSnapshot, checkpoint: dict[str, Any] | None) -> dict[str, Any]:
    """Return a checkpoint's metadata with its thread, which LangGraph leaves out."""
    named = {"thread_id": checkpoint["thread_id"]} if checkpoint else {}
    return {**(state.metadata or {}), **named}


def _task(task: PregelTask) -> dict[str, Any]:
    inner = task.state if isinstance(task.state, StateSnapshot) else None
    place = task.state.get("configurable") if isinstance(task.state, dict) else None
    return {
        "id": task.id,
        "name": task.name,
        "path": list(task.path),
        "error": task.error,
        "interrupts": list(task.interrupts),
        "checkpoint": place,
        "state": _view(inner) if inner is not None else None,
        "result": task.result,
    }
