"""The assistants' panel without a browser and without a server: state, errors, escaping."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from course_helpers.widgets import AssistantPanel
from course_helpers.widgets import server_panel as module
from tests.unit.server.assistants_backend import WORK, Assistants
from tests.unit.widgets.widget_backend import ATTACK, DEPLOYMENT, DOWN, Markup, shown, static, until


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> Assistants:
    """Stand in for a server with an assistant of two versions."""
    server = Assistants()
    await server.update("a1", context=WORK)
    await server.update("a1", context={"todo_category": "wrok"})

    @asynccontextmanager
    async def client(**_: Any) -> AsyncIterator[Assistants]:
        yield server

    monkeypatch.setattr(module, "get_client", client)
    monkeypatch.setattr(module, "require_ready", lambda url: None)
    return server


def dead(url: str) -> None:
    raise DOWN


async def test_the_newest_assistant_is_shown_when_none_is_given(server: Assistants) -> None:
    panel = AssistantPanel(DEPLOYMENT)
    assert repr(panel) == "AssistantPanel: no assistant yet"
    assert panel.make_button.disabled
    await panel.refresh()
    assert repr(panel) == "AssistantPanel: Work: 2 versions, 2 is current"
    assert panel.assistant_choice.value == "a1"
    assert [label for label, _ in panel.assistant_choice.options] == [
        "Choose an assistant",
        "Work · version 2 · a1",
    ]
    assert "changed: wrok" in shown(panel)
    assert "Version 2 (current)" in static(panel)


async def test_no_assistant_at_all(server: Assistants, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(limit: int) -> list[dict[str, Any]]:
        return []

    monkeypatch.setattr(server, "search", none)
    panel = await AssistantPanel.load(DEPLOYMENT)
    assert panel.message.startswith("No assistant yet. Read at ")
    assert panel.make_button.disabled
    assert panel.version_choice.disabled
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")  # too old for the list
    assert panel.assistant_choice.options[-1] == ("Work · version 2 · a1", "a1")


async def test_a_version_is_made_current_by_a_click(server: Assistants) -> None:
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    assert panel.version_choice.value == 2
    assert panel.make_button.disabled  # it is current
    panel.version_choice.value = 1
    assert not panel.make_button.disabled
    panel.make_button.click()
    await until(lambda: panel.versions is not None and panel.versions.current == 1)
    await until(lambda: not panel.button.disabled)
    assert server.now["context"] == WORK
    assert panel.message.startswith(
        "Runs use version 1 from now on. Work: 2 versions, 1 is current."
    )
    assert panel.make_button.disabled
    assert "Version 1 (current)" in shown(panel)


async def test_a_copy_is_named_where_the_server_leaves_the_context_out(server: Assistants) -> None:
    server.keeps_context = True
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    await panel.make_current(1)
    assert repr(panel) == "AssistantPanel: Work: 3 versions, 3 is current"
    assert "Version 3, as version 1 (current)" in shown(panel)


async def test_what_is_wrong_is_said_and_the_last_data_stays(server: Assistants) -> None:
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    await panel.make_current(9)
    assert panel.message.startswith("The assistant has no version 9. What you see below")
    assert panel.stale
    assert "changed: wrok" in shown(panel)
    await panel.refresh()
    assert not panel.stale


async def test_an_assistant_that_has_gone_leaves_the_list(
    server: Assistants, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    panel.assistant_choice.options = [*panel.assistant_choice.options, ("Gone", "a2")]
    panel.assistant_choice.value = "a2"
    await until(lambda: panel.stale and not panel.button.disabled)
    assert panel.message.startswith("There is no assistant 'a2' on this server.")
    assert panel.assistant_choice.value == ""
    assert panel.make_button.disabled
    assert [key for _, key in panel.assistant_choice.options] == ["", "a1"]
    panel.assistant_choice.value = "a1"
    await until(lambda: not panel.stale)


async def test_a_dead_server_and_back(server: Assistants, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    monkeypatch.setattr(module, "require_ready", dead)
    await panel.make_current(1)
    assert DOWN.what in panel.message
    assert panel.message.endswith("Fix: connect() again")
    assert "changed: wrok" in shown(panel)
    assert server.now["version"] == 2
    assert not panel.button.disabled
    monkeypatch.setattr(module, "require_ready", lambda url: None)
    await panel.make_current(1)
    assert not panel.stale
    assert server.now["version"] == 1


async def test_everything_is_escaped(server: Assistants) -> None:
    await server.update("a1", name=ATTACK, description=ATTACK, context={"todo_category": ATTACK})
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    for markup in (shown(panel), static(panel)):
        assert not {"script", "img"} & set(Markup(markup).tags)
    assert "&lt;script&gt;" in shown(panel)


async def test_a_closed_panel_makes_nothing_current(server: Assistants) -> None:
    panel = await AssistantPanel.load(DEPLOYMENT, "a1")
    panel.version_choice.value = 1
    panel.make_button.click()
    panel.close()
    await panel.refresh()
    assert server.now["version"] == 2
