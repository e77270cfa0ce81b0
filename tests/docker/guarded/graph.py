"""A graph that sleeps as long as its input says."""

from __future__ import annotations

import asyncio

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    """How long to sleep, in seconds, and whether it has slept."""

    seconds: float
    done: bool


async def sleep(state: State) -> State:
    await asyncio.sleep(state.get("seconds", 0))
    return {"done": True}


sleeper = (
    StateGraph(State).add_node(sleep).add_edge(START, "sleep").add_edge("sleep", END).compile()
)
