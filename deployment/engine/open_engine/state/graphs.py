"""A thread's graph, opened to read or update a state; what it refuses is the caller's mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from aegra_api.models import User
from aegra_api.services.langgraph_service import create_thread_config, get_langgraph_service
from aegra_api.utils.run_utils import map_command_to_langgraph
from fastapi import HTTPException
from langgraph.errors import InvalidUpdateError
from langgraph.pregel import Pregel
from langgraph.types import StateUpdate
from pydantic import BaseModel

Access = Literal["threads.read", "threads.update"]


@asynccontextmanager
async def open_graph(
    graph_id: str, config: dict[str, Any], access: Access, user: User
) -> AsyncIterator[Pregel[Any]]:
    """Yield a graph with the checkpointer.

    Raises:
        HTTPException: 404, the server has no such graph; 400, the graph refuses the update or knows
            no such subgraph.
    """
    service = get_langgraph_service()
    if graph_id not in service.list_graphs():
        raise HTTPException(404, f"Graph '{graph_id}' not found")
    opened = service.get_graph(graph_id, config=config, access_context=access, user=user)
    async with opened as graph:
        try:
            yield graph
        except (InvalidUpdateError, ValueError, TypeError) as error:  # or its reducers do
            raise HTTPException(400, str(error)) from error


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
