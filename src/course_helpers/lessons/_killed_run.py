"""A process to be killed: it runs a graph of five steps with several checkpointers at once.

python -m course_helpers.lessons._killed_run

The environment variable `SAVERS` says where the checkpoints go, as JSON: kind of checkpointer ->
file, or address of its Postgres. Each run blocks in its fourth step; when all have reached it, the
process prints "held". It ends when it is killed, or when its parent ends.
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
TOGETHER = 30.0  # seconds until all runs have reached the fourth step
THREAD = "survival"
CONFIG: Any = {"configurable": {"thread_id": THREAD}}


class Steps(TypedDict):
    """Which steps are done."""

    done: Annotated[list[int], operator.add]


@contextmanager
def open_saver(kind: str, where: str) -> Iterator[BaseCheckpointSaver[Any]]:
    """Yield a checkpointer whose tables exist.

    Args:
        kind: `memory`, `SQLite` or `Postgres`.
        where: the file of SQLite, or the address of Postgres.
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
    """Return a graph of five steps, one after the other.

    Args:
        begin: called at the start of each step, with its number.
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
    """Run the graph with each checkpointer up to the fourth step, and block there."""
    everybody = threading.Barrier(len(places))

    def hold(number: int) -> None:
        if number == HELD:
            if everybody.wait(TOGETHER) == 0:  # true in one of the threads
                print("held", flush=True)
            sys.stdin.read()  # until the parent ends, if it does not kill this process

    def run(kind: str) -> None:
        try:
            with open_saver(kind, places[kind]) as saver:
                saver.delete_thread(THREAD)  # left by an earlier, interrupted call
                graph = build(hold).compile(checkpointer=saver)
                graph.invoke({"done": []}, CONFIG, durability="sync")
        except Exception as error:
            print(f"{kind}: {error}", file=sys.stderr, flush=True)
            os._exit(1)  # the others wait for this one

    with ThreadPoolExecutor(len(places)) as threads:
        list(threads.map(run, places))


if __name__ == "__main__":
    main(json.loads(os.environ["SAVERS"]))
