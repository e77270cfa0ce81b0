"""A run as a LangGraph server shows it."""

from __future__ import annotations

from typing import Any

from aegra_api.core.orm import Run


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
