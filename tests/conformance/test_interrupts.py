"""Runs that stop to ask a person, and what an answer does."""

from __future__ import annotations

import pytest

from tests.conformance.support import Server


async def asked(server: Server) -> str:
    """Return a thread that waits for an answer."""
    return await server.ran("approval", {"log": []})


async def test_a_run_that_asks_leaves_its_thread_interrupted(server: Server) -> None:
    thread_id = await asked(server)
    assert await server.settled(thread_id) == "interrupted"


async def test_a_run_that_asks_is_itself_a_success(server: Server) -> None:
    thread_id = await asked(server)
    [run] = await server.client.runs.list(thread_id)
    assert run["status"] == "success"


async def test_a_state_tells_what_is_asked(server: Server) -> None:
    state = await server.client.threads.get_state(await asked(server))
    [task] = state["tasks"]
    assert (task["name"], state["next"]) == ("ask", ["ask"])
    [question] = task["interrupts"]
    assert question["value"] == {"question": "Send it?", "draft": "Dear all"}
    assert state["interrupts"] == [question]


async def test_waiting_for_a_run_that_asks_gives_the_question(server: Server) -> None:
    answer = await server.client.runs.wait(await server.thread(), "approval", input={"log": []})
    [question] = answer["__interrupt__"]
    assert question["value"]["question"] == "Send it?"


async def test_an_answer_reaches_the_node_that_asked(server: Server) -> None:
    thread_id = await asked(server)
    values = await server.run(thread_id, "approval", command={"resume": "yes"})
    assert values["answer"] == "yes"
    assert values["log"] == ["draft", "ask", "send"]
    assert await server.settled(thread_id) == "idle"


async def test_an_answer_may_be_any_json(server: Server) -> None:
    answer = {"ok": False, "why": ["tone", None]}
    values = await server.run(await asked(server), "approval", command={"resume": answer})
    assert values["answer"] == answer


async def test_an_answered_thread_shows_no_interrupts(server: Server) -> None:
    thread_id = await asked(server)
    await server.run(thread_id, "approval", command={"resume": "yes"})
    assert (await server.client.threads.get(thread_id))["interrupts"] == {}


async def test_several_questions_are_asked_at_once(server: Server) -> None:
    thread_id = await server.ran("questions", {"answers": []})
    interrupts = (await server.client.threads.get_state(thread_id))["interrupts"]
    assert {i["value"] for i in interrupts} == {"Which colour?", "Which size?"}


async def test_several_questions_are_answered_by_their_ids(server: Server) -> None:
    thread_id = await server.ran("questions", {"answers": []})
    interrupts = (await server.client.threads.get_state(thread_id))["interrupts"]
    answers = {i["id"]: i["value"].split()[1].rstrip("?").upper() for i in interrupts}
    values = await server.run(thread_id, "questions", command={"resume": answers})
    assert sorted(values["answers"]) == ["colour COLOUR", "size SIZE"]


async def test_an_answer_may_change_the_state_too(server: Server) -> None:
    thread_id = await asked(server)
    command = {"resume": "yes", "update": {"draft": "Dear Ann"}}
    values = await server.run(thread_id, "approval", command=command)
    assert (values["answer"], values["draft"]) == ("yes", "Dear Ann")


async def test_a_command_may_go_to_a_node(server: Server) -> None:
    thread_id = await asked(server)
    values = await server.run(thread_id, "approval", command={"goto": "send"})
    assert values["log"][-1] == "send"


async def test_a_command_may_update_and_go_to_a_node(server: Server) -> None:
    thread_id = await server.ran()
    command = {"update": {"log": ["mine"]}, "goto": "second"}
    await server.run(thread_id, "counter", command=command)
    assert await server.log(thread_id) == ["start", "first", "second", "mine", "second"]


async def test_a_command_may_go_to_a_node_with_an_input_of_its_own(server: Server) -> None:
    thread_id = await server.ran()
    command = {"goto": {"node": "second", "input": {"log": ["sent"]}}}
    await server.run(thread_id, "counter", command=command)
    assert await server.log(thread_id) == ["start", "first", "second", "second"]


async def test_a_question_in_a_subgraph_is_answered_through_its_parent(server: Server) -> None:
    thread_id = await server.ran("parent", {"log": ["ask"], "count": 0})
    values = await server.run(thread_id, "parent", command={"resume": "yes"})
    assert values["log"] == ["ask", "inner", "inner asked", "outer"]


async def test_an_edit_before_an_approval_is_what_goes_on(server: Server) -> None:
    thread_id = await asked(server)
    await server.client.threads.update_state(thread_id, {"draft": "Dear Ann"}, as_node="draft")
    values = await server.run(thread_id, "approval", None)
    assert values["__interrupt__"][0]["value"]["draft"] == "Dear Ann"


async def test_new_input_starts_an_interrupted_thread_over(server: Server) -> None:
    thread_id = await asked(server)
    values = await server.run(thread_id, "approval", {"log": ["again"]})
    assert values["log"] == ["draft", "again", "draft"]
    assert values["__interrupt__"][0]["value"]["question"] == "Send it?"


async def test_an_answer_on_a_thread_that_asked_nothing_runs_nothing(server: Server) -> None:
    thread_id = await server.ran()
    await server.run(thread_id, "counter", command={"resume": "yes"})
    assert await server.log(thread_id) == ["start", "first", "second"]


async def test_a_stateless_run_cannot_be_answered(server: Server) -> None:
    with pytest.raises(Exception, match="thread_id"):
        await server.client.runs.create(None, "approval", command={"resume": "yes"})
