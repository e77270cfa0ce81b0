"""Assistants on a real `langgraph dev`: versions, going back, and two answers side by side."""

from __future__ import annotations

from typing import Any

import pytest

from course_helpers import check
from course_helpers.lanes import Deployment
from course_helpers.lessons.assistant_answers import ask_assistants
from course_helpers.server.assistants import make_current, read_versions
from course_helpers.widgets import AssistantPanel

pytestmark = pytest.mark.server

MINE = {"test": "assistants"}


async def made(server: Deployment, *contexts: dict[str, str], name: str = "Work") -> str:
    """Make an assistant with a version for each context, and return its id."""
    async with server.client as client:
        assistant: Any = await client.assistants.create(
            *("task_maistro", {"recursion_limit": 50}),
            **{"context": contexts[0], "name": name, "metadata": MINE},
        )
        for context in contexts[1:]:
            await client.assistants.update(assistant["assistant_id"], context=context)
    return str(assistant["assistant_id"])


async def test_an_older_version_comes_back_with_its_context(server: Deployment) -> None:
    """The server's own `set_latest` leaves the context out, so that a copy of it is made."""
    assistant_id = await made(server, {"todo_category": "work"}, {"todo_category": "wrok"})
    async with server.client as client:
        assert (await check.rolled_back(server, assistant_id, 1, 2)).passed is False
        back = await client.assistants.set_latest(assistant_id, 1)
        assert back["version"] == 1
        assert back["context"] == {"todo_category": "wrok"}
        assert (await check.rolled_back(server, assistant_id, 1, 2)).passed is False
        assert await make_current(client, assistant_id, 1) == 3
        now = await client.assistants.get(assistant_id)
        assert now["context"] == {"todo_category": "work"}
        assert now["config"]["recursion_limit"] == 50
        versions = await read_versions(client, assistant_id)
    assert versions.versions[2].fields == versions.versions[0].fields
    assert versions.versions[1].changes(versions.versions[0]) == {
        "context.todo_category": "changed",
        "config.recursion_limit": "left out",  # a new context takes the config with it
    }
    assert (await check.rolled_back(server, assistant_id, 1, 2)).passed


async def test_the_same_request_twice_and_a_run_that_fails(server: Deployment) -> None:
    contexts = ({"todo_category": "home"}, {"todo_category": "office"}, {"todo_category": " "})
    ids = [await made(server, context) for context in contexts]
    async with server.client as client:
        both = await ask_assistants(client, ids, "Remind me to send the invoice.", "ines")
    home, office, failed = both.answers
    assert [len(home.todos), len(office.todos), len(failed.todos)] == [1, 1, 0]
    assert home.status == office.status == "success"
    assert min(home.tokens) > 0
    assert failed.status == "error"
    assert failed.text.startswith("ValueError: todo_category=' '")
    answer = await check.own_category(server, ids[0], "ines", [ids[1]])
    assert answer.passed


async def test_the_panel_and_the_end_of_an_assistant(server: Deployment) -> None:
    assistant_id = await made(server, {"todo_category": "work"}, {"todo_category": "wrok"})
    panel = await AssistantPanel.load(server, assistant_id)
    assert repr(panel) == "AssistantPanel: Work: 2 versions, 2 is current"
    await panel.make_current(1)
    assert repr(panel) == "AssistantPanel: Work: 3 versions, 3 is current"
    assert "Version 3, as version 1 (current)" in panel._body.value
    async with server.client as client:
        kept = [a["assistant_id"] for a in await client.assistants.search(graph_id="task_maistro")]
        kept = [key for key in kept if key != assistant_id]
        await client.assistants.update(assistant_id, metadata={"over": True})
        over = {**MINE, "over": True}
        assert not (await check.only_these_deleted(server, over, kept)).passed
        await client.assistants.delete(assistant_id)
    assert (await check.only_these_deleted(server, over, kept)).passed
    await panel.refresh()
    assert panel.message.startswith(f"There is no assistant {assistant_id!r}")
    assert panel.stale
