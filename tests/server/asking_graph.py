"""A graph that asks before it answers, under the name of the course's graph."""

from __future__ import annotations

from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt


async def ask(state: MessagesState) -> dict[str, object]:
    """Ask a person, and say what the answer was."""
    answer = interrupt({"question": "Send it?", "draft": state["messages"][-1].text})
    return {"messages": [{"role": "assistant", "content": f"The answer was {answer!r}."}]}


builder = StateGraph(MessagesState)
builder.add_node(ask)
builder.add_edge(START, "ask")
builder.add_edge("ask", END)
graph = builder.compile()
