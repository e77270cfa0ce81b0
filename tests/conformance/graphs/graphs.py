"""Tiny graphs with which a server's behaviour can be told: no model, no network, no clock.

A test holds the graph `held` in its middle node with a name of its own and lets it go on through
the store, so that no test depends on how fast a server is.
"""

from __future__ import annotations

import asyncio
from operator import add
from typing import Annotated, Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.types import interrupt
from typing_extensions import TypedDict

HOLD_TIMEOUT = 60.0  # seconds after which a run that no test lets go on fails


class Log(TypedDict, total=False):
    """What the nodes have done, in order, and how many they were."""

    log: Annotated[list[str], add]
    count: Annotated[int, add]


async def first(state: Log) -> Log:
    return {"log": ["first"], "count": 1}


async def second(state: Log) -> Log:
    return {"log": ["second"], "count": 1}


counter = (
    StateGraph(Log)
    .add_node(first)
    .add_node(second)
    .add_edge(START, "first")
    .add_edge("first", "second")
    .add_edge("second", END)
    .compile()
)


class Held(TypedDict, total=False):
    """`name` marks a run's entries in the log; an empty `gate` does not hold."""

    name: str
    gate: str
    log: Annotated[list[str], add]


async def before(state: Held) -> Held:
    return {"log": [f"{state['name']} before"]}


async def hold(state: Held, runtime: Runtime) -> Held:
    """Say that the gate is reached and wait until the test opens it."""
    if gate := state.get("gate"):
        await runtime.store.aput(("reached",), gate, {"name": state["name"]})
        await asyncio.wait_for(is_open(gate, runtime.store), HOLD_TIMEOUT)
    return {"log": [f"{state['name']} held"]}


async def is_open(gate: str, store: BaseStore) -> None:
    """Return once a client has put the gate's name into the store."""
    while True:
        if await store.aget(("open",), gate):
            return
        await asyncio.sleep(0.03)


async def after(state: Held) -> Held:
    return {"log": [f"{state['name']} after"]}


held = (
    StateGraph(Held)
    .add_node(before)
    .add_node(hold)
    .add_node(after)
    .add_edge(START, "before")
    .add_edge("before", "hold")
    .add_edge("hold", "after")
    .add_edge("after", END)
    .compile()
)


class Approval(TypedDict, total=False):
    draft: str
    answer: Any
    log: Annotated[list[str], add]


async def draft(state: Approval) -> Approval:
    return {"draft": "Dear all", "log": ["draft"]}


async def ask(state: Approval) -> Approval:
    answer = interrupt({"question": "Send it?", "draft": state["draft"]})
    return {"answer": answer, "log": ["ask"]}


async def send(state: Approval) -> Approval:
    return {"log": ["send"]}


approval = (
    StateGraph(Approval)
    .add_node(draft)
    .add_node(ask)
    .add_node(send)
    .add_edge(START, "draft")
    .add_edge("draft", "ask")
    .add_edge("ask", "send")
    .add_edge("send", END)
    .compile()
)


class Answers(TypedDict, total=False):
    answers: Annotated[list[str], add]


async def colour(state: Answers) -> Answers:
    return {"answers": [f"colour {interrupt('Which colour?')}"]}


async def size(state: Answers) -> Answers:
    return {"answers": [f"size {interrupt('Which size?')}"]}


questions = (
    StateGraph(Answers)
    .add_node(colour)
    .add_node(size)
    .add_edge(START, "colour")
    .add_edge(START, "size")
    .compile()
)


class Failing(TypedDict, total=False):
    fail: bool
    log: Annotated[list[str], add]


async def works(state: Failing) -> Failing:
    return {"log": ["works"]}


async def breaks(state: Failing) -> Failing:
    if state.get("fail"):
        raise ValueError("the node is broken")
    return {"log": ["repaired"]}


failing = (
    StateGraph(Failing)
    .add_node(works)
    .add_node(breaks)
    .add_edge(START, "works")
    .add_edge("works", "breaks")
    .add_edge("breaks", END)
    .compile()
)


async def inner(state: Log) -> Log:
    return {"log": ["inner"], "count": 1}


async def inner_ask(state: Log) -> Log:
    if "ask" in state["log"]:
        interrupt("inside")
    return {"log": ["inner asked"], "count": 1}


child = (
    StateGraph(Log)
    .add_node(inner)
    .add_node(inner_ask)
    .add_edge(START, "inner")
    .add_edge("inner", "inner_ask")
    .compile()
)


class Plain(TypedDict, total=False):
    """The parent's state has no reducers: they would add what the child holds already."""

    log: list[str]
    count: int


async def outer(state: Plain) -> Plain:
    return {"log": [*state["log"], "outer"], "count": state["count"] + 1}


parent = (
    StateGraph(Plain)
    .add_node("child", child)
    .add_node("outer", outer)
    .add_edge(START, "child")
    .add_edge("child", "outer")
    .compile()
)


async def report(state: Log) -> Log:
    writer = get_stream_writer()
    writer({"progress": 1})
    writer({"progress": 2})
    return {"log": ["reported"]}


progress = StateGraph(Log).add_node(report).add_edge(START, "report").compile()


class Memory(TypedDict, total=False):
    """`write` is put into the store; `found` is what the store had before."""

    namespace: list[str]
    key: str
    write: dict[str, Any]
    found: Any


async def remember(state: Memory, runtime: Runtime) -> Memory:
    namespace, key = tuple(state["namespace"]), state["key"]
    item = await runtime.store.aget(namespace, key)
    if write := state.get("write"):
        await runtime.store.aput(namespace, key, write)
    return {"found": item.value if item else None}


memory = StateGraph(Memory).add_node(remember).add_edge(START, "remember").compile()


async def model(state: MessagesState) -> dict[str, Any]:
    fake = GenericFakeChatModel(messages=iter([AIMessage("Hello there my friend")]))
    return {"messages": [await fake.ainvoke(state["messages"])]}


chat = StateGraph(MessagesState).add_node(model).add_edge(START, "model").compile()


class Context(TypedDict, total=False):
    user: str
    role: str


class Caller(TypedDict, total=False):
    """What a run got: its context, and the plain values of its configuration."""

    given: dict[str, Any]
    configured: dict[str, Any]


async def look(state: Caller, config: RunnableConfig, runtime: Runtime[Context]) -> Caller:
    plain = {k: v for k, v in config["configurable"].items() if isinstance(v, str)}
    return {"given": dict(runtime.context or {}), "configured": plain}


caller = StateGraph(Caller, context_schema=Context).add_node(look).add_edge(START, "look").compile()

spare = StateGraph(Log).add_node(first).add_edge(START, "first").compile()  # may be deleted
