"""A thread's state, its history, and forks of it."""

from __future__ import annotations

import uuid
from typing import Any

from tests.conformance.support import Server


async def checkpoint_before(server: Server, thread_id: str, node: str) -> dict[str, Any]:
    """Return the state of a thread in which a node comes next."""
    history = await server.client.threads.get_history(thread_id)
    return next(state for state in history if state["next"] == [node])


async def test_a_state_has_values_and_nothing_next_when_a_run_is_done(server: Server) -> None:
    state = await server.client.threads.get_state(await server.ran())
    assert state["values"] == {"log": ["start", "first", "second"], "count": 2}
    assert (state["next"], state["tasks"]) == ([], [])


async def test_a_state_names_its_checkpoint_and_its_parents(server: Server) -> None:
    thread_id = await server.ran()
    state = await server.client.threads.get_state(thread_id)
    newest, older = (await server.client.threads.get_history(thread_id))[:2]
    assert state["checkpoint"]["checkpoint_id"] == newest["checkpoint"]["checkpoint_id"]
    assert state["checkpoint"]["thread_id"] == thread_id
    assert state["parent_checkpoint"]["checkpoint_id"] == older["checkpoint"]["checkpoint_id"]


async def test_a_states_metadata_tell_step_and_source(server: Server) -> None:
    state = await server.client.threads.get_state(await server.ran())
    assert (state["metadata"]["step"], state["metadata"]["source"]) == (2, "loop")


async def test_a_states_metadata_tell_run_and_graph(server: Server) -> None:
    thread_id = await server.ran()
    metadata = (await server.client.threads.get_state(thread_id))["metadata"]
    [run] = await server.client.runs.list(thread_id)
    assert (metadata["run_id"], metadata["graph_id"]) == (run["run_id"], "counter")
    assert (metadata["thread_id"], metadata["assistant_id"]) == (thread_id, run["assistant_id"])


async def test_a_thread_that_never_ran_has_an_empty_state(server: Server) -> None:
    state = await server.client.threads.get_state(await server.thread(graph_id="counter"))
    assert (state["next"], state["tasks"]) == ([], [])
    assert not state["values"].get("log")


async def test_a_state_can_be_read_at_a_checkpoint(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    state = await server.client.threads.get_state(
        thread_id, checkpoint_id=earlier["checkpoint"]["checkpoint_id"]
    )
    assert (state["values"]["log"], state["next"]) == (["start", "first"], ["second"])


async def test_a_state_can_be_read_at_a_checkpoint_given_as_a_whole(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    state = await server.client.threads.get_state(thread_id, checkpoint=earlier["checkpoint"])
    assert state["values"]["log"] == ["start", "first"]


async def test_history_goes_from_the_newest_state_to_the_oldest(server: Server) -> None:
    history = await server.client.threads.get_history(await server.ran())
    assert [state["next"] for state in history] == [[], ["second"], ["first"], ["__start__"]]


async def test_history_may_be_limited(server: Server) -> None:
    history = await server.client.threads.get_history(await server.ran(), limit=2)
    assert [state["next"] for state in history] == [[], ["second"]]


async def test_history_may_start_before_a_checkpoint(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    before: Any = {"configurable": earlier["checkpoint"]}
    history = await server.client.threads.get_history(thread_id, before=before)
    assert [state["next"] for state in history] == [["first"], ["__start__"]]


async def test_history_may_be_filtered_by_metadata(server: Server) -> None:
    history = await server.client.threads.get_history(
        await server.ran(), metadata={"source": "input"}
    )
    assert [state["next"] for state in history] == [["__start__"]]


async def test_history_can_be_read_with_get(server: Server) -> None:
    thread_id = await server.ran()
    answer = await server.http.get(f"/threads/{thread_id}/history", params={"limit": 3})
    assert [state["next"] for state in answer.json()] == [[], ["second"], ["first"]]


async def test_history_read_with_get_may_start_before_a_checkpoint(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    query = {"limit": 9, "before": earlier["checkpoint"]["checkpoint_id"]}
    answer = await server.http.get(f"/threads/{thread_id}/history", params=query)
    assert [state["next"] for state in answer.json()] == [["first"], ["__start__"]]


async def test_the_tasks_of_an_earlier_state_tell_what_they_made(server: Server) -> None:
    state = await checkpoint_before(server, await server.ran(), "second")
    [task] = state["tasks"]
    assert (task["name"], task["result"]) == ("second", {"log": ["second"], "count": 1})


async def test_an_update_goes_through_the_reducers(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.update_state(thread_id, {"log": ["mine"], "count": 10})
    state = await server.client.threads.get_state(thread_id)
    assert state["values"] == {"log": ["start", "first", "second", "mine"], "count": 12}
    assert state["metadata"]["source"] == "update"


async def test_an_update_answers_with_its_checkpoint(server: Server) -> None:
    thread_id = await server.ran()
    answer = await server.client.threads.update_state(thread_id, {"log": ["mine"]})
    state = await server.client.threads.get_state(thread_id)
    checkpoint_id = state["checkpoint"]["checkpoint_id"]
    assert answer["checkpoint"]["checkpoint_id"] == checkpoint_id
    assert answer["checkpoint_id"] == checkpoint_id


async def test_an_update_as_a_node_decides_what_comes_next(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.update_state(thread_id, {"log": ["mine"]}, as_node="first")
    assert (await server.client.threads.get_state(thread_id))["next"] == ["second"]


async def test_an_update_of_an_earlier_checkpoint_forks(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    await server.client.threads.update_state(
        thread_id,
        {"log": ["mine"]},
        checkpoint_id=earlier["checkpoint"]["checkpoint_id"],
        as_node="first",
    )
    state = await server.client.threads.get_state(thread_id)
    assert (state["values"]["log"], state["next"]) == (["start", "first", "mine"], ["second"])
    assert len(await server.client.threads.get_history(thread_id)) == 5


async def test_an_updated_state_is_what_the_thread_shows(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.update_state(thread_id, {"log": ["mine"]})
    values = (await server.client.threads.get(thread_id))["values"]
    assert values["log"] == ["start", "first", "second", "mine"]


async def test_a_state_with_a_next_node_makes_its_thread_interrupted(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.update_state(thread_id, {"log": ["mine"]}, as_node="first")
    assert (await server.client.threads.get(thread_id))["status"] == "interrupted"


async def test_a_run_from_an_earlier_checkpoint_forks(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    values = await server.run(
        thread_id, "counter", checkpoint_id=earlier["checkpoint"]["checkpoint_id"]
    )
    assert values["log"] == ["start", "first", "second"]
    heads = [s for s in await server.client.threads.get_history(thread_id) if not s["next"]]
    assert len(heads) == 2


async def test_a_run_from_an_edited_fork_goes_on_from_the_edit(server: Server) -> None:
    thread_id = await server.ran()
    earlier = await checkpoint_before(server, thread_id, "second")
    edit = await server.client.threads.update_state(
        thread_id, {"log": ["mine"]}, checkpoint=earlier["checkpoint"], as_node="first"
    )
    await server.run(thread_id, "counter", checkpoint=edit["checkpoint"])
    assert await server.log(thread_id) == ["start", "first", "mine", "second"]


async def test_a_run_without_input_goes_on_from_the_state(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.update_state(thread_id, {"log": ["mine"]}, as_node="first")
    await server.run(thread_id, "counter", None)
    assert await server.log(thread_id) == ["start", "first", "second", "mine", "second"]


async def test_a_failed_run_can_be_repaired_and_continued(server: Server) -> None:
    thread_id = await server.ran("failing", {"fail": True})
    await server.client.threads.update_state(thread_id, {"fail": False}, as_node="works")
    await server.run(thread_id, "failing", None)
    assert await server.log(thread_id) == ["works", "repaired"]
    assert await server.settled(thread_id) == "idle"


async def test_a_failed_state_tells_the_error_in_its_task(server: Server) -> None:
    state = await server.client.threads.get_state(await server.ran("failing", {"fail": True}))
    assert state["next"] == ["breaks"]
    assert "the node is broken" in str(state["tasks"][0]["error"])


async def test_a_subgraphs_state_is_shown_inside_its_task(server: Server) -> None:
    thread_id = await server.ran("parent", {"log": ["ask"], "count": 0})
    state = await server.client.threads.get_state(thread_id, subgraphs=True)
    [task] = state["tasks"]
    assert task["name"] == "child"
    assert task["state"]["values"]["log"] == ["ask", "inner"]
    assert task["state"]["next"] == ["inner_ask"]


async def test_a_subgraphs_state_is_left_out_unless_asked_for(server: Server) -> None:
    thread_id = await server.ran("parent", {"log": ["ask"], "count": 0})
    state = await server.client.threads.get_state(thread_id)
    [task] = state["tasks"]
    assert task["state"] is None
    assert task["checkpoint"]["checkpoint_ns"].startswith("child:")


async def test_a_subgraphs_state_can_be_read_by_its_checkpoint(server: Server) -> None:
    thread_id = await server.ran("parent", {"log": ["ask"], "count": 0})
    [task] = (await server.client.threads.get_state(thread_id))["tasks"]
    state = await server.client.threads.get_state(thread_id, checkpoint=task["checkpoint"])
    assert state["values"]["log"] == ["ask", "inner"]


async def test_an_update_by_null_as_a_node_only_moves_on(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.update_state(thread_id, None, as_node="first")
    state = await server.client.threads.get_state(thread_id)
    assert (state["values"]["log"], state["next"]) == (["start", "first", "second"], ["second"])


async def test_states_of_other_threads_are_left_alone(server: Server) -> None:
    one, two = await server.ran(), await server.ran()
    await server.client.threads.update_state(one, {"log": [uuid.uuid4().hex]})
    assert await server.log(two) == ["start", "first", "second"]
