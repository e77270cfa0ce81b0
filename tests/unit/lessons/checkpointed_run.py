"""A run of a few steps whose notes become more, and what it costs a checkpointer."""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from course_helpers import stored_bytes

CONFIG: Any = {"configurable": {"thread_id": "1"}}
STEPS = 5


class Notes(TypedDict):
    """A manual that does not change, and notes that become more."""

    manual: list[str]
    notes: Annotated[list[str], operator.add]


def write(state: Notes) -> dict[str, list[str]]:
    return {"notes": ["x" * 1000]}


def bytes_a_step(saver: Any) -> list[int]:
    """Return what each step of a run of five adds to a checkpointer."""
    builder: Any = StateGraph(Notes)
    builder.add_node("write", write)
    builder.add_edge(START, "write")
    builder.add_conditional_edges("write", lambda s: "write" if len(s["notes"]) < STEPS else END)
    graph, given = builder.compile(checkpointer=saver), {"manual": ["m" * 20_000], "notes": []}
    sizes = []
    for _ in graph.stream(given, CONFIG, stream_mode="values", durability="sync"):
        sizes.append(stored_bytes(saver))
    return [after - before for before, after in pairwise(sizes)]
