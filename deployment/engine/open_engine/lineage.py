"""What a graph finds in its configuration, and its checkpoints in their metadata.

A LangGraph server puts graph and assistant into `configurable`, from where `runtime.server_info`
has them, and these and the run's metadata into the metadata, from where each checkpoint has them;
it mirrors the context in `configurable`. Aegra does none of it, and names a user "anonymous" where
there is none. SQLAlchemy's hook on the insert of a run does it, whoever makes the run.
"""

from __future__ import annotations

from typing import Any

from aegra_api.core.orm import Run
from sqlalchemy import event

import open_engine.creation  # noqa: F401 (its hook on the insert comes before this one)

ANONYMOUS = "anonymous"


@event.listens_for(Run, "before_insert")
def complete_configuration(_mapper: Any, _connection: Any, run: Run) -> None:
    """Complete the configuration of a new run."""
    params = run.execution_params
    if not params:
        return
    config = params["execution"].get("config") or {}
    of_run = params.get("extras", {}).get("metadata") or params.get("run_metadata") or {}
    names = {"graph_id": params["graph_id"], "assistant_id": run.assistant_id}
    given = {**(run.context or {}), **(config.get("configurable") or {})}
    user = None if run.user_id == ANONYMOUS else run.user_id
    configurable = {**given, "user_id": given.get("user_id") or user, **names}
    metadata = {**(config.get("metadata") or {}), **of_run, **names, "run_id": run.run_id}
    run.config = {**config, "configurable": configurable, "metadata": metadata}
    run.execution_params = {**params, "execution": {**params["execution"], "config": run.config}}
