"""A thread's graph, opened to read or update a state; what it refuses is the caller's mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from aegra_api.models import User
from aegra_api.services.langgraph_service import get_langgraph_service
from fastapi import HTTPException
from langgraph.errors import InvalidUpdateError
from langgraph.pregel import Pregel

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
