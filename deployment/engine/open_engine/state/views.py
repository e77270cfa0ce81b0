"""A state and a run as a LangGraph server shows them: JSON that Postgres takes too.

Aegra's states lack the checkpoint and the path of each task, and show a subgraph's place as its
state.
"""

from __future__ import annotations

import json
from typing import Any

from aegra_api.core.orm import Run
from aegra_api.core.serializers import GeneralSerializer
from langgraph.types import PregelTask, StateSnapshot

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


def run_view(run: Run) -> dict[str, Any]:
    """Return a run's row as JSON-compatible data."""
    params = run.execution_params or {}
    extras, execution, behavior = (
        params.get(name) or {} for name in ("extras", "execution", "behavior")
    )
    modes = execution.get("stream_mode") or ["values"]
    return {
        "run_id": run.run_id,
        "thread_id": run.thread_id,
        # The row's own is empty once the assistant has been deleted.
        "assistant_id": run.assistant_id or extras.get("metadata", {}).get("assistant_id"),
        "created_at": run.created_at.isoformat(),
        "updated_at": run.updated_at.isoformat(),
        "metadata": extras.get("metadata", {}),
        "status": run.status,
        "multitask_strategy": extras.get("multitask_strategy", "enqueue"),
        "kwargs": {
            "input": run.input,
            "command": execution.get("command"),
            "config": run.config,
            "context": run.context,
            "stream_mode": [modes] if isinstance(modes, str) else modes,
            "interrupt_before": behavior.get("interrupt_before"),
            "interrupt_after": behavior.get("interrupt_after"),
            "webhook": extras.get("webhook"),
            "feedback_keys": extras.get("feedback_keys"),
            "temporary": extras.get("temporary", False),
            "subgraphs": behavior.get("subgraphs", False),
            "resumable": extras.get("resumable", False),
            "durability": execution.get("durability") or "async",
        },
    }


def to_plain(value: Any) -> Any:
    """Return a value as JSON-compatible data; NaN and infinity become null, as JSON has neither."""
    written = json.dumps(value, default=GeneralSerializer().serialize)
    return json.loads(written, parse_constant=lambda _: None)
