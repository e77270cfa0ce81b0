"""A state made of the steps of another thread: `supersteps`, which Aegra ignores."""

from __future__ import annotations

from typing import Any

from aegra_api.models import User
from aegra_api.services.langgraph_service import create_thread_config
from aegra_api.utils.run_utils import map_command_to_langgraph
from langgraph.types import StateUpdate
from pydantic import BaseModel

from open_engine.graphs import open_graph


class Update(BaseModel):
    """What a node is to have written."""

    values: dict[str, Any] | list[dict[str, Any]] | None = None
    command: dict[str, Any] | None = None
    as_node: str


class Superstep(BaseModel):
    """The updates of nodes that ran side by side."""

    updates: list[Update]


async def apply_supersteps(
    thread_id: str, graph_id: str, supersteps: list[Superstep], user: User
) -> None:
    """Write checkpoints as if these steps had been run.

    Raises:
        HTTPException: 404 for an unknown graph, 400 for a step that it cannot make.
    """
    config = create_thread_config(thread_id, user)
    config["configurable"] |= {"graph_id": graph_id, "checkpoint_ns": ""}
    async with open_graph(graph_id, config, "threads.update", user) as graph:
        await graph.abulk_update_state(
            config, [[_state_update(each) for each in step.updates] for step in supersteps]
        )


def _state_update(update: Update) -> StateUpdate:
    values: Any = map_command_to_langgraph(update.command) if update.command else update.values
    return StateUpdate(values, update.as_node)
