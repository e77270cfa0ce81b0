"""A graph that makes many things fast: 10,000 to-dos, and 1,000 messages in 500 checkpoints.

It answers under the name of the course's graph, so that the panels take it for that.
"""

from __future__ import annotations

from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import PutOp

TODOS = 10_000
MESSAGES = 1_000
CHECKPOINTS = 3 + (MESSAGES - 2) // 2  # the input, __start__ and fill, then two messages in each


async def fill(state: MessagesState, runtime: Runtime[None]) -> dict[str, object]:
    """Store the to-dos of the user `many`."""
    assert runtime.store is not None
    namespace = ("todo", "general", "many")
    await runtime.store.abatch(
        PutOp(namespace, str(n), {"task": f"Task {n:05}", "status": "not started"})
        for n in range(TODOS)
    )
    return {"messages": [{"role": "assistant", "content": f"Stored {TODOS}."}]}


async def talk(state: MessagesState) -> dict[str, object]:
    """Say something, or fail if the user asked for that."""
    if state["messages"][0].text == "Fail.":
        raise RuntimeError("it was asked to")
    text = "This is an answer of an ordinary length to what was said before it. " * 3
    go_on = {"role": "user", "content": "Go on."}
    return {"messages": [go_on, {"role": "assistant", "content": text}]}


def once_more(state: MessagesState) -> str:
    return "talk" if len(state["messages"]) < MESSAGES else END


builder = StateGraph(MessagesState)
builder.add_node(fill)
builder.add_node(talk)
builder.add_edge(START, "fill")
builder.add_edge("fill", "talk")
builder.add_conditional_edges("talk", once_more, ["talk", END])
graph = builder.compile()
