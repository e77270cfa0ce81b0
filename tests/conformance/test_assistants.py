"""Assistants, their versions and schemas."""

from __future__ import annotations

import uuid

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.conformance.support import Server

GRAPHS = {
    "counter",
    "held",
    "approval",
    "questions",
    "failing",
    "parent",
    "progress",
    "memory",
    "chat",
    "caller",
}


async def default_id(server: Server, graph: str) -> str:
    found = await server.client.assistants.search(graph_id=graph, metadata={"created_by": "system"})
    return found[0]["assistant_id"]


async def test_every_graph_has_one_default_assistant(server: Server) -> None:
    found = await server.client.assistants.search(metadata={"created_by": "system"}, limit=100)
    assert sorted(a["graph_id"] for a in found if a["graph_id"] != "spare") == sorted(GRAPHS)


async def test_a_default_assistant_is_named_after_its_graph(server: Server) -> None:
    assistant = await server.client.assistants.get(await default_id(server, "counter"))
    assert assistant["name"] == assistant["graph_id"] == "counter"
    assert assistant["version"] == 1


async def test_a_default_assistants_id_is_derived_from_its_graphs_name(server: Server) -> None:
    namespace = uuid.UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
    assert await default_id(server, "counter") == str(uuid.uuid5(namespace, "counter"))


async def test_a_new_assistant_keeps_what_it_is_given(server: Server) -> None:
    made = await server.client.assistants.create(
        "caller",
        config={"tags": ["a"], "recursion_limit": 7},
        metadata={"team": "blue"},
        name="Blue",
        description="For the blue team",
    )
    found = await server.client.assistants.get(made["assistant_id"])
    assert found["config"]["recursion_limit"] == 7
    assert found["metadata"]["team"] == "blue"
    assert (found["name"], found["description"]) == ("Blue", "For the blue team")
    assert (found["graph_id"], found["version"]) == ("caller", 1)


async def test_two_assistants_may_be_the_same_but_for_their_ids(server: Server) -> None:
    config = {"configurable": {"user": uuid.uuid4().hex}}
    one = await server.client.assistants.create("caller", config=config)
    two = await server.client.assistants.create("caller", config=config)
    assert one["assistant_id"] != two["assistant_id"]


async def test_an_assistants_id_may_be_chosen(server: Server) -> None:
    chosen = str(uuid.uuid4())
    await server.client.assistants.create("caller", assistant_id=chosen)
    assert (await server.client.assistants.get(chosen))["assistant_id"] == chosen


async def test_an_assistants_id_cannot_be_taken_twice(server: Server) -> None:
    chosen = str(uuid.uuid4())
    await server.client.assistants.create("caller", assistant_id=chosen)
    with pytest.raises(ConflictError):
        await server.client.assistants.create("caller", assistant_id=chosen)


async def test_creating_an_assistant_that_exists_may_do_nothing(server: Server) -> None:
    chosen = str(uuid.uuid4())
    await server.client.assistants.create("caller", assistant_id=chosen, name="First")
    again = await server.client.assistants.create(
        "caller", assistant_id=chosen, name="Second", if_exists="do_nothing"
    )
    assert (again["assistant_id"], again["name"]) == (chosen, "First")


async def test_assistants_are_found_by_metadata(server: Server) -> None:
    mark = uuid.uuid4().hex
    made = await server.client.assistants.create("caller", metadata={"mark": mark, "other": 1})
    await server.client.assistants.create("caller", metadata={"mark": "no"})
    found = await server.client.assistants.search(metadata={"mark": mark})
    assert [a["assistant_id"] for a in found] == [made["assistant_id"]]


async def test_assistants_are_found_by_a_part_of_their_name(server: Server) -> None:
    mark = uuid.uuid4().hex
    await server.client.assistants.create("caller", name=f"Agent {mark} Smith")
    found = await server.client.assistants.search(name=mark.upper())
    assert [a["name"] for a in found] == [f"Agent {mark} Smith"]


async def test_found_assistants_are_paged_and_sorted(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    for name in ("c", "a", "b"):
        await server.client.assistants.create("caller", name=name, metadata=mark)
    found = await server.client.assistants.search(
        metadata=mark, sort_by="name", sort_order="asc", limit=2, offset=1
    )
    assert [a["name"] for a in found] == ["b", "c"]


async def test_a_search_of_assistants_may_select_fields(server: Server) -> None:
    found = await server.client.assistants.search(
        graph_id="counter", select=["assistant_id", "graph_id"]
    )
    assert found
    assert all(a.keys() == {"assistant_id", "graph_id"} for a in found)


async def test_assistants_are_counted(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    for _ in range(3):
        await server.client.assistants.create("caller", metadata=mark)
    assert await server.client.assistants.count(metadata=mark) == 3


async def test_an_update_makes_a_new_version(server: Server) -> None:
    made = await server.client.assistants.create("caller", context={"user": "ann"})
    updated = await server.client.assistants.update(made["assistant_id"], context={"user": "bob"})
    assert (updated["version"], updated["context"]) == (2, {"user": "bob"})


async def test_an_update_keeps_what_it_does_not_name(server: Server) -> None:
    made = await server.client.assistants.create(
        "caller", context={"user": "ann"}, metadata={"a": 1}, name="Ann"
    )
    updated = await server.client.assistants.update(made["assistant_id"], metadata={"b": 2})
    assert (updated["context"], updated["name"]) == ({"user": "ann"}, "Ann")
    assert updated["metadata"].items() >= {"a": 1, "b": 2}.items()


async def test_versions_are_listed_newest_first(server: Server) -> None:
    made = await server.client.assistants.create("caller", context={"user": "ann"})
    await server.client.assistants.update(made["assistant_id"], context={"user": "bob"})
    versions = await server.client.assistants.get_versions(made["assistant_id"])
    assert [(v["version"], v["context"]) for v in versions] == [
        (2, {"user": "bob"}),
        (1, {"user": "ann"}),
    ]


async def test_an_older_version_can_be_made_the_latest(server: Server) -> None:
    made = await server.client.assistants.create("caller", config={"recursion_limit": 7})
    await server.client.assistants.update(made["assistant_id"], config={"recursion_limit": 8})
    await server.client.assistants.set_latest(made["assistant_id"], 1)
    found = await server.client.assistants.get(made["assistant_id"])
    assert (found["version"], found["config"]["recursion_limit"]) == (1, 7)


async def test_a_run_gets_its_assistants_context(server: Server) -> None:
    made = await server.client.assistants.create("caller", context={"user": "ann"})
    values = await server.run(await server.thread(), made["assistant_id"], {})
    assert values["given"] == {"user": "ann"}


async def test_a_deleted_assistant_is_gone(server: Server) -> None:
    made = await server.client.assistants.create("caller")
    await server.client.assistants.delete(made["assistant_id"])
    with pytest.raises(NotFoundError):
        await server.client.assistants.get(made["assistant_id"])


async def test_an_assistants_threads_can_be_deleted_with_it(server: Server) -> None:
    made = await server.client.assistants.create("counter")
    thread_id = await server.thread()
    await server.run(thread_id, made["assistant_id"], {"log": ["start"]})
    await server.client.assistants.delete(made["assistant_id"], delete_threads=True)
    assert (await server.http.get(f"/threads/{thread_id}")).status_code == 404


async def test_a_default_assistant_can_be_deleted_and_made_again(server: Server) -> None:
    assistant_id = await default_id(server, "spare")
    await server.client.assistants.delete(assistant_id)
    gone = (await server.http.get(f"/assistants/{assistant_id}")).status_code
    await server.client.assistants.create(
        "spare",
        assistant_id=assistant_id,
        metadata={"created_by": "system"},
        if_exists="do_nothing",
    )
    assert gone == 404
    assert await default_id(server, "spare") == assistant_id


async def test_schemas_describe_state_input_output_and_context(server: Server) -> None:
    schemas = await server.client.assistants.get_schemas(await default_id(server, "caller"))
    assert schemas["graph_id"] == "caller"
    assert schemas["input_schema"]["properties"].keys() == {"given", "configured"}
    assert schemas["output_schema"]["properties"].keys() == {"given", "configured"}
    assert schemas["state_schema"]["properties"].keys() == {"given", "configured"}
    assert schemas["context_schema"]["properties"].keys() == {"user", "role"}


async def test_a_graph_is_drawn_with_its_nodes_and_edges(server: Server) -> None:
    graph = await server.client.assistants.get_graph(await default_id(server, "counter"))
    assert {n["id"] for n in graph["nodes"]} == {"__start__", "first", "second", "__end__"}
    edges = {(e["source"], e["target"]) for e in graph["edges"]}
    assert edges == {("__start__", "first"), ("first", "second"), ("second", "__end__")}


async def test_a_graph_is_drawn_by_its_name(server: Server) -> None:
    graph = await server.client.assistants.get_graph("counter")
    assert {n["id"] for n in graph["nodes"]} == {"__start__", "first", "second", "__end__"}


async def test_a_graph_is_drawn_with_what_is_inside_its_subgraphs(server: Server) -> None:
    graph = await server.client.assistants.get_graph(await default_id(server, "parent"), xray=True)
    assert {"child:inner", "child:inner_ask", "outer"} <= {n["id"] for n in graph["nodes"]}


async def test_subgraphs_are_named(server: Server) -> None:
    subgraphs = await server.client.assistants.get_subgraphs(await default_id(server, "parent"))
    assert subgraphs.keys() == {"child"}
    assert subgraphs["child"]["state_schema"]["properties"].keys() == {"log", "count"}
