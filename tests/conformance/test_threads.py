"""Threads: made, found, changed, copied, deleted."""

from __future__ import annotations

import uuid

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.conformance.support import Server


async def test_a_new_thread_is_idle_and_has_no_values(server: Server) -> None:
    made = await server.client.threads.create(metadata={"topic": "x"})
    found = await server.client.threads.get(made["thread_id"])
    assert (found["status"], found["values"]) == ("idle", None)
    assert found["metadata"]["topic"] == "x"
    assert found["created_at"] == made["created_at"]


async def test_a_thread_has_the_fields_that_clients_expect(server: Server) -> None:
    thread = await server.client.threads.get(await server.ran())
    assert {
        "config",
        "created_at",
        "error",
        "interrupts",
        "metadata",
        "state_updated_at",
        "status",
        "thread_id",
        "updated_at",
        "values",
    } <= thread.keys()


async def test_a_new_threads_metadata_is_only_what_it_is_given(server: Server) -> None:
    made = await server.client.threads.create(metadata={"topic": "x"})
    assert made["metadata"] == {"topic": "x"}


async def test_a_threads_id_may_be_chosen(server: Server) -> None:
    chosen = str(uuid.uuid4())
    assert await server.thread(thread_id=chosen) == chosen


async def test_a_threads_id_cannot_be_taken_twice(server: Server) -> None:
    chosen = await server.thread()
    with pytest.raises(ConflictError):
        await server.thread(thread_id=chosen)


async def test_creating_a_thread_that_exists_may_do_nothing(server: Server) -> None:
    chosen = await server.thread(metadata={"first": True})
    again = await server.client.threads.create(
        thread_id=chosen, if_exists="do_nothing", metadata={"first": False}
    )
    assert (again["thread_id"], again["metadata"]["first"]) == (chosen, True)


async def test_a_thread_can_be_made_with_a_graph(server: Server) -> None:
    made = await server.client.threads.create(graph_id="counter")
    assert made["metadata"]["graph_id"] == "counter"


async def test_a_thread_can_be_made_from_the_steps_of_another(server: Server) -> None:
    steps = [{"updates": [{"values": {"log": ["mine"], "count": 5}, "as_node": "first"}]}]
    made = await server.client.threads.create(graph_id="counter", supersteps=steps)
    state = await server.client.threads.get_state(made["thread_id"])
    assert state["values"] == {"log": ["mine"], "count": 5}
    assert state["next"] == ["second"]


async def test_a_thread_has_the_values_of_its_last_run(server: Server) -> None:
    found = await server.client.threads.get(await server.ran())
    assert found["values"] == {"log": ["start", "first", "second"], "count": 2}


async def test_a_thread_remembers_which_graph_ran_on_it(server: Server) -> None:
    metadata = (await server.client.threads.get(await server.ran()))["metadata"]
    assert metadata["graph_id"] == "counter"
    assert uuid.UUID(metadata["assistant_id"])


async def test_a_thread_is_busy_while_a_run_is_on_it(server: Server) -> None:
    held = await server.hold(await server.thread())
    assert (await server.client.threads.get(held.thread_id))["status"] == "busy"
    await held.release()
    assert await server.settled(held.thread_id) == "idle"


async def test_a_thread_whose_run_failed_has_the_status_error(server: Server) -> None:
    thread_id = await server.ran("failing", {"fail": True})
    assert await server.settled(thread_id) == "error"


async def test_a_thread_whose_run_failed_says_why(server: Server) -> None:
    thread_id = await server.ran("failing", {"fail": True})
    error = (await server.client.threads.get(thread_id))["error"]
    assert (error["error"], error["message"]) == ("ValueError", "the node is broken")


async def test_a_thread_that_waits_for_an_answer_shows_its_interrupts(server: Server) -> None:
    thread = await server.client.threads.get(await server.ran("approval", {"log": []}))
    assert thread["status"] == "interrupted"
    [[asked]] = thread["interrupts"].values()
    assert asked["value"]["question"] == "Send it?"


async def test_an_update_merges_metadata(server: Server) -> None:
    thread_id = await server.thread(metadata={"a": 1, "b": 1})
    await server.client.threads.update(thread_id, metadata={"b": 2, "c": 3})
    metadata = (await server.client.threads.get(thread_id))["metadata"]
    assert metadata.items() >= {"a": 1, "b": 2, "c": 3}.items()


async def test_an_update_may_answer_nothing(server: Server) -> None:
    thread_id = await server.thread()
    answer = await server.client.threads.update(thread_id, metadata={"a": 1}, return_minimal=True)
    assert answer is None
    assert (await server.client.threads.get(thread_id))["metadata"]["a"] == 1


async def test_a_deleted_thread_is_gone(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.delete(thread_id)
    with pytest.raises(NotFoundError):
        await server.client.threads.get(thread_id)


async def test_a_deleted_threads_id_starts_with_an_empty_state(server: Server) -> None:
    thread_id = await server.ran()
    await server.client.threads.delete(thread_id)
    await server.thread(thread_id=thread_id, graph_id="counter")
    assert await server.log(thread_id) == []


async def test_threads_are_found_by_metadata(server: Server) -> None:
    mark = uuid.uuid4().hex
    thread_id = await server.thread(metadata={"mark": mark, "deep": {"a": 1, "b": 2}})
    await server.thread(metadata={"mark": mark, "deep": {"a": 2}})
    found = await server.client.threads.search(metadata={"mark": mark, "deep": {"a": 1}})
    assert [t["thread_id"] for t in found] == [thread_id]


async def test_threads_are_found_by_status(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    await server.thread(metadata=mark)
    thread_id = await server.thread(metadata=mark)
    await server.run(thread_id, "approval", {"log": []})
    found = await server.client.threads.search(metadata=mark, status="interrupted")
    assert [t["thread_id"] for t in found] == [thread_id]


async def test_threads_are_found_by_ids(server: Server) -> None:
    wanted = {await server.thread(), await server.thread()}
    await server.thread()
    found = await server.client.threads.search(ids=list(wanted))
    assert {t["thread_id"] for t in found} == wanted


async def test_threads_are_found_by_values(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    wanted, other = await server.thread(metadata=mark), await server.thread(metadata=mark)
    await server.run(wanted, "held", {"name": "wanted"})
    await server.run(other, "held", {"name": "other"})
    found = await server.client.threads.search(metadata=mark, values={"name": "wanted"})
    assert [t["thread_id"] for t in found] == [wanted]


async def test_found_threads_carry_their_values(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    await server.run(await server.thread(metadata=mark), "counter", {"log": ["start"]})
    [found] = await server.client.threads.search(metadata=mark)
    assert found["values"]["log"] == ["start", "first", "second"]


async def test_found_threads_come_newest_first(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    made = [await server.thread(metadata=mark) for _ in range(3)]
    found = await server.client.threads.search(metadata=mark)
    assert [t["thread_id"] for t in found] == made[::-1]


async def test_found_threads_are_sorted_as_asked(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    made = [await server.thread(metadata=mark) for _ in range(3)]
    await server.client.threads.update(made[1], metadata={"touched": True})
    found = await server.client.threads.search(
        metadata=mark, sort_by="updated_at", sort_order="asc"
    )
    assert [t["thread_id"] for t in found] == [made[0], made[2], made[1]]


async def test_found_threads_are_paged(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    made = [await server.thread(metadata=mark) for _ in range(4)]
    found = await server.client.threads.search(metadata=mark, limit=2, offset=1)
    assert [t["thread_id"] for t in found] == [made[2], made[1]]
    for offset, headers in ((1, ("4", "3")), (3, ("4", None))):
        page = {"metadata": mark, "limit": 2, "offset": offset}
        answer = await server.http.post("/threads/search", json=page)
        names = ("X-Pagination-Total", "X-Pagination-Next")
        assert tuple(answer.headers.get(name) for name in names) == headers


async def test_a_search_of_threads_may_select_fields(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    thread_id = await server.thread(metadata=mark)
    [found] = await server.client.threads.search(metadata=mark, select=["thread_id", "status"])
    assert found == {"thread_id": thread_id, "status": "idle"}


async def test_a_search_of_threads_may_extract_a_part_of_the_values(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    thread_id = await server.thread(metadata=mark)
    await server.run(thread_id, "counter", {"log": ["start"]})
    [found] = await server.client.threads.search(
        metadata=mark, select=["thread_id"], extract={"last": "values.log[-1]"}
    )
    assert found == {"thread_id": thread_id, "extracted": {"last": "second"}}


async def test_threads_are_counted(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    for _ in range(3):
        await server.thread(metadata=mark)
    assert await server.client.threads.count(metadata=mark) == 3


async def test_threads_are_counted_by_status_and_values(server: Server) -> None:
    mark = {"mark": uuid.uuid4().hex}
    thread_id = await server.thread(metadata=mark)
    await server.run(thread_id, "held", {"name": "wanted"})
    count = server.client.threads.count
    assert await count(metadata=mark, values={"name": "wanted"}, status="idle") == 1
    assert await count(metadata=mark, values={"name": "other"}) == 0
    assert await count(metadata=mark, status="error") == 0


async def test_a_copy_has_the_state_and_history_of_its_original(server: Server) -> None:
    thread_id = await server.ran()
    copy = await server.client.threads.copy(thread_id)
    assert copy["thread_id"] != thread_id
    originals = await server.client.threads.get_history(thread_id)
    copies = await server.client.threads.get_history(copy["thread_id"])
    assert [s["values"] for s in copies] == [s["values"] for s in originals]
    assert copies[0]["checkpoint"]["thread_id"] == copy["thread_id"]


async def test_a_run_on_a_copy_leaves_its_original_alone(server: Server) -> None:
    thread_id = await server.ran()
    copy = await server.client.threads.copy(thread_id)
    await server.run(copy["thread_id"], "counter", {"log": ["again"]})
    assert await server.log(thread_id) == ["start", "first", "second"]
    assert len(await server.log(copy["thread_id"])) == 6


async def test_a_copy_of_a_waiting_thread_can_be_answered(server: Server) -> None:
    copy = await server.client.threads.copy(await server.ran("approval", {"log": []}))
    await server.run(copy["thread_id"], "approval", command={"resume": "yes"})
    state = await server.client.threads.get_state(copy["thread_id"])
    assert state["values"]["answer"] == "yes"


async def test_a_copy_keeps_metadata(server: Server) -> None:
    thread_id = await server.thread(metadata={"topic": "x"})
    copy = await server.client.threads.copy(thread_id)
    assert copy["metadata"]["topic"] == "x"


async def test_pruning_deletes_the_threads_that_it_names(server: Server) -> None:
    thread_id, kept = await server.ran(), await server.thread()
    answer = await server.client.threads.prune([thread_id])
    assert answer == {"pruned_count": 1}
    assert (await server.http.get(f"/threads/{thread_id}")).status_code == 404
    assert (await server.http.get(f"/threads/{kept}")).status_code == 200


async def test_pruning_passes_over_unknown_threads(server: Server) -> None:
    answer = await server.client.threads.prune([str(uuid.uuid4())])
    assert answer == {"pruned_count": 0}


async def test_a_new_thread_accepts_a_time_to_live(server: Server) -> None:
    thread_id = await server.thread(ttl=60)
    assert (await server.client.threads.get(thread_id))["thread_id"] == thread_id
