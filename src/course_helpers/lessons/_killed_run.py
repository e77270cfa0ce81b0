"""A run of five steps, with several checkpointers at once, in a process that is to be killed.

python -m course_helpers.lessons._killed_run

Where the checkpoints go is in the variable `SAVERS`, as JSON: the checkpointer's kind, and its
file or the address of its Postgres. Each run stays in its fourth step; when all are there, the
process prints a line. It ends by being killed, or with its parent.
"""

from __future__ import annotations

import json
import operator
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Annotated, Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

STEPS, HELD = 5, 4
TOGETHER = 30.0  # seconds for all runs to be in the fourth step
THREAD = "survival"
CONFIG: Any = {"configurable": {"thread_id": THREAD}}


class Steps(TypedDict):
    """Which steps are done."""

    done: Annotated[list[int], operator.add]


@contextmanager
def open_saver(kind: str, where: str) -> Iterator[BaseCheckpointSaver[Any]]:
    """Give a checkpointer of a kind, with its tables.

    Args:
        kind: `memory`, `SQLite` or `Postgres`.
        where: its file, or the address of its Postgres.
    """
    if kind == "memory":
        yield InMemorySaver()
    elif kind == "SQLite":
        from langgraph.checkpoint.sqlite import SqliteSaver

        with SqliteSaver.from_conn_string(where) as sqlite:
            yield sqlite
    else:
        from langgraph.checkpoint.postgres import PostgresSaver

        with PostgresSaver.from_conn_string(where) as postgres:
            postgres.setup()
            yield postgres


def build(begin: Callable[[int], None]) -> StateGraph[Any, Any, Any, Any]:
    """Return a graph that does one step after the other.

    Args:
        begin: called with the number of each step when it begins.
    """

    def step(state: Steps) -> dict[str, list[int]]:
        number = len(state["done"]) + 1
        begin(number)
        return {"done": [number]}

    def more(state: Steps) -> str:
        return "step" if len(state["done"]) < STEPS else END

    builder: StateGraph[Any, Any, Any, Any] = StateGraph(Steps)
    builder.add_node("step", step)
    builder.add_edge(START, "step")
    builder.add_conditional_edges("step", more, ["step", END])
    return builder


def main(places: dict[str, str]) -> None:
    """Run the graph with each checkpointer, up to the fourth step, and stay there."""
    everybody = threading.Barrier(len(places))

    def hold(number: int) -> None:
        if number == HELD:
            if everybody.wait(TOGETHER) == 0:  # one of them tells
                print("held", flush=True)
            sys.stdin.read()  # until the parent ends, if it does not kill this process

    def run(kind: str) -> None:
        try:
            with open_saver(kind, places[kind]) as saver:
                saver.delete_thread(THREAD)  # of an earlier trial that did not end
                graph = build(hold).compile(checkpointer=saver)
                graph.invoke({"done": []}, CONFIG, durability="sync")
        except Exception as error:
            print(f"{kind}: {error}", file=sys.stderr, flush=True)
            os._exit(1)  # the others wait for this one

    with ThreadPoolExecutor(len(places)) as threads:
        list(threads.map(run, places))


if __name__ == "__main__":
    main(json.loads(os.environ["SAVERS"]))
