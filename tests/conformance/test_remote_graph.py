"""RemoteGraph: a graph on the server, used as if it were here."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import Command

from tests.conformance.graphs.graphs import Log
from tests.conformance.support import Server

INPUT = {"log": ["start"]}


def remote(server: Server, graph: str = "counter") -> RemoteGraph:
    return RemoteGraph(graph, client=server.client)


async def on_thread(server: Server) -> Any:
    return {"configurable": {"thread_id": await server.thread()}}


async def test_a_remote_graph_is_invoked(server: Server) -> None:
    values = await remote(server).ainvoke(INPUT)
    assert values == {"log": ["start", "first", "second"], "count": 2}


async def test_a_remote_graph_is_streamed(server: Server) -> None:
    updates = [u async for u in remote(server).astream(INPUT, stream_mode="updates")]
    assert [list(update) for update in updates] == [["first"], ["second"]]


async def test_a_remote_graph_is_streamed_in_several_modes(server: Server) -> None:
    stream = remote(server).astream(INPUT, stream_mode=["values", "updates"])
    assert [part[0] async for part in stream] == [
        "values",
        "updates",
        "values",
        "updates",
        "values",
    ]


async def test_a_remote_graph_keeps_its_state_on_a_thread(server: Server) -> None:
    config = await on_thread(server)
    await remote(server).ainvoke(INPUT, config)
    state = await remote(server).aget_state(config)
    assert (state.values["count"], state.next) == (2, ())


async def test_a_remote_graphs_state_can_be_updated(server: Server) -> None:
    config = await on_thread(server)
    await remote(server).ainvoke(INPUT, config)
    await remote(server).aupdate_state(config, {"log": ["mine"]}, as_node="first")
    state = await remote(server).aget_state(config)
    assert (state.values["log"][-1], state.next) == ("mine", ("second",))


async def test_a_remote_graphs_history_can_be_read(server: Server) -> None:
    config = await on_thread(server)
    await remote(server).ainvoke(INPUT, config)
    history = [s async for s in remote(server).aget_state_history(config)]
    assert [s.next for s in history] == [(), ("second",), ("first",), ("__start__",)]


async def test_a_remote_graphs_question_is_answered(server: Server) -> None:
    config = await on_thread(server)
    asked = await remote(server, "approval").ainvoke({"log": []}, config)
    answered = await remote(server, "approval").ainvoke(Command(resume="yes"), config)
    assert asked["__interrupt__"][0]["value"]["question"] == "Send it?"
    assert answered["answer"] == "yes"


async def test_a_remote_graphs_error_is_raised(server: Server) -> None:
    with pytest.raises(RemoteException, match="the node is broken"):
        await remote(server, "failing").ainvoke({"fail": True})


async def test_a_remote_graph_is_a_node_of_a_local_one(server: Server) -> None:
    local = StateGraph(Log).add_node("remote", remote(server)).add_edge(START, "remote")
    values = await local.compile().ainvoke(INPUT)
    assert values["log"][-3:] == ["start", "first", "second"]


async def test_a_remote_graph_is_drawn(server: Server) -> None:
    assistants = await server.client.assistants.search(graph_id="counter", limit=1)
    graph = RemoteGraph(assistants[0]["assistant_id"], client=server.client)
    drawn = await graph.aget_graph()
    assert {"first", "second"} <= set(drawn.nodes)
