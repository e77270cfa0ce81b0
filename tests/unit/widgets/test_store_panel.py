"""The store panel without a server: tree, pages, search, editing, conflicts, escaping."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from langgraph_sdk.client import LangGraphClient

from course_helpers.server.store import SEARCHED, read_items
from course_helpers.widgets import StorePanel, server_panel
from course_helpers.widgets.store_view import NODES, SAME, labels, tree, tree_html
from tests.unit.server.store_backend import ANN, BOB, Store
from tests.unit.widgets.widget_backend import ATTACK, DEPLOYMENT, DOWN, Markup, shown, static, until


async def panel_of(namespace: tuple[str, ...] = ANN, choose: str | None = None) -> StorePanel:
    panel = await StorePanel.load(DEPLOYMENT, namespace)
    if choose is not None:
        panel.item_choice.value = (namespace, choose)
    return panel


async def click(panel: StorePanel, name: str) -> None:
    """Click a button and wait until what it does is done and said."""
    before = panel._status.value = ""
    panel.buttons[name].click()
    await until(lambda: panel._status.value != before and not panel.button.disabled)


def everything(panel: StorePanel) -> str:
    return shown(panel) + panel._form._where.value


# --- Looking -----------------------------------------------------------------------------------


def test_the_tree_has_every_level_once_and_in_order() -> None:
    nodes = tree([BOB, ANN, ("profile", "general", "ann"), ("todo",)])
    names = [label for label, _ in labels(nodes)]
    assert len(set(names)) == 8
    assert [name.replace(" ", ".").rstrip(SAME) for name in names] == [
        *("all.namespaces", "...profile", "......general", ".........ann"),
        *("...todo", "......general", ".........ann", ".........bob"),
    ]
    assert Markup(tree_html(nodes, ANN)).tags.count("li") == 8
    assert "<strong>ann</strong></li><li>bob</li></ul>" in tree_html(nodes, ANN)
    assert tree([], ("x", "y")) == [(), ("x",), ("x", "y")]


def test_a_large_tree_is_cut_but_has_the_chosen_namespace() -> None:
    nodes = tree([("user", f"u{n:05}") for n in range(10_000)], ("user", "u09999"))
    assert len(nodes) == NODES + 1
    assert nodes[-1] == ("user", "u09999")
    assert "Showing 100 of 501." in tree_html(nodes, ())


async def test_a_tree_that_is_cut_says_so(store: Store) -> None:
    assert "The tree shows" not in shown(await panel_of())
    for n in range(NODES):
        store.put(("user", f"u{n:04}"), "k", {})
    panel = await panel_of()
    assert f"The tree shows the first {NODES} namespaces." in shown(panel)
    assert len(panel.namespace_choice.options) <= NODES + 1


async def test_it_shows_the_items_of_a_namespace_and_below(store: Store) -> None:
    panel = await panel_of()
    assert repr(panel) == "StorePanel: 2 items in todo › general › ann"
    assert panel.message.startswith("2 items in todo › general › ann. Read at ")
    assert "Water the plants" in shown(panel)
    assert "Namespace</th>" not in shown(panel)
    await panel.open(["todo"])
    assert "general › ann</td>" in shown(panel)
    panel.namespace_choice.value = ()
    await until(lambda: len(panel.items) == 3)
    assert repr(panel) == "StorePanel: 3 items in all namespaces"
    assert list(panel.namespaces) == [("profile", "general", "ann"), ANN]


async def test_a_namespace_without_items_can_be_open(store: Store) -> None:
    panel = await panel_of(("empty",))
    assert repr(panel) == "StorePanel: 0 items in empty"
    assert panel.namespace_choice.value == ("empty",)
    await panel.open(["ann@example.com"])
    assert "A label of a namespace holds no period" in panel.message
    assert "ann@example%2Ecom" in panel.message


async def test_a_search_is_read_at_once_and_starts_at_the_first_page(store: Store) -> None:
    for n in range(120):
        store.put(BOB, f"k{n:03}", {"n": n})
    panel = await panel_of(BOB)
    assert repr(panel) == "StorePanel: items 1 to 50 in todo › general › bob, and more"
    assert panel.buttons["Previous"].disabled
    await click(panel, "Next")
    await click(panel, "Next")
    assert repr(panel) == "StorePanel: items 101 to 120 in todo › general › bob"
    assert panel.buttons["Next"].disabled
    assert [item.key for item in panel.items] == [f"k{n}" for n in range(100, 120)]
    panel.search.value = "k07"
    await until(lambda: len(panel.items) == 10)
    assert repr(panel) == "StorePanel: 10 items in todo › general › bob with 'k07'"
    assert panel._pager.layout.display == "none"


async def test_the_last_page_may_become_empty(store: Store) -> None:
    for n in range(51):
        store.put(BOB, f"k{n:03}", {"n": n})
    panel = await panel_of(BOB)
    await click(panel, "Next")
    await panel.delete("k050")
    assert panel.message.startswith("Deleted 'k050'. 50 items in ")


async def test_ten_thousand_items_give_a_small_page(store: Store) -> None:
    for n in range(10_000):
        store.put(BOB, f"k{n:05}", {"task": f"Task {n}"})
    panel = await panel_of(BOB)
    assert len(panel.items) == 50
    assert len(static(panel)) < 60_000


async def test_only_the_first_items_are_searched_and_it_says_so(store: Store) -> None:
    for n in range(SEARCHED + 10):
        store.put(BOB, str(n), {"n": n})
    page = await read_items(cast(LangGraphClient, store), BOB, "9", limit=5, offset=5)
    assert [item.key for item in page.items] == ["59", "69", "79", "89", "90"]
    assert (page.more, page.truncated) == (True, True)
    panel = await panel_of(BOB)
    panel.search.value = str(SEARCHED + 5)
    await until(lambda: "of the first 10,000; the store holds more" in panel.message)
    assert panel.items == []


# --- Changing ----------------------------------------------------------------------------------


async def test_a_value_is_edited_and_saved(store: Store) -> None:
    panel = await panel_of(choose="plants")
    assert json.loads(panel.editor.value) == store.items[ANN, "plants"]["value"]
    assert "à l'ombre" in panel.editor.value
    panel.editor.value = '{"task": "Water the ferns"}'
    await click(panel, "Save")
    assert store.items[ANN, "plants"]["value"] == {"task": "Water the ferns"}
    assert panel.message.startswith("Saved 'plants'. 2 items in ")
    assert "Water the ferns" in shown(panel)
    assert json.loads(panel.editor.value) == {"task": "Water the ferns"}


async def test_what_is_not_json_is_refused_and_stays(store: Store) -> None:
    panel = await panel_of(choose="milk")
    panel.editor.value = '{"task": '
    await click(panel, "Save")
    assert "This is not JSON: Expecting value at line 1, column 10." in panel.message
    assert not panel.stale
    assert store.writes == 3
    await panel.refresh()
    assert panel.editor.value == '{"task": '
    await click(panel, "Reload")
    assert "Buy milk" in panel.editor.value


async def test_what_was_typed_stays_with_its_item(store: Store) -> None:
    panel = await panel_of(choose="milk")
    panel.editor.value = '{"task": "Buy oat milk"}'
    panel.item_choice.value = (ANN, "plants")
    assert "Water the plants" in panel.editor.value
    await panel.open(("profile",))
    assert panel.item_choice.options[-1] == (
        'milk · {"task": "Buy milk", "status": "not sta… (not saved)',
        (ANN, "milk"),
    )
    panel.item_choice.value = (ANN, "milk")
    assert panel.editor.value == '{"task": "Buy oat milk"}'
    await click(panel, "Save")
    assert store.items[ANN, "milk"]["value"] == {"task": "Buy oat milk"}
    assert panel.item_choice.value == ""


async def test_a_text_that_is_typed_back_is_no_change(store: Store) -> None:
    panel = await panel_of(choose="milk")
    before = panel.editor.value
    panel.editor.value = "{}"
    panel.editor.value = before
    store.put(ANN, "milk", {"task": "Changed elsewhere"})
    await panel.refresh()
    assert "Changed elsewhere" in panel.editor.value


@pytest.mark.parametrize("how", ["typed", "called"])
async def test_a_change_by_somebody_else_is_not_overwritten(store: Store, how: str) -> None:
    panel = await panel_of(choose="milk")
    store.put(ANN, "milk", {"task": "Changed elsewhere"})
    if how == "typed":
        panel.editor.value = '{"task": "Mine"}'
        await click(panel, "Save")
        assert panel.editor.value == '{"task": "Mine"}'
    else:
        await panel.save("milk", {"task": "Mine"})
    assert "Somebody has changed 'milk' since it was read." in panel.message
    assert "press Reload" in panel.message
    assert store.items[ANN, "milk"]["value"] == {"task": "Changed elsewhere"}
    await click(panel, "Reload")
    assert "Changed elsewhere" in panel.editor.value
    await panel.save("milk", {"task": "Mine"})
    assert store.items[ANN, "milk"]["value"] == {"task": "Mine"}


async def test_a_refresh_does_not_hide_that_somebody_else_has_changed_it(store: Store) -> None:
    panel = await panel_of(choose="milk")
    panel.editor.value = '{"task": "Mine"}'
    store.put(ANN, "milk", {"task": "Changed elsewhere"})
    await panel.refresh()
    await click(panel, "Save")
    assert "Somebody has changed 'milk'" in panel.message
    assert store.items[ANN, "milk"]["value"] == {"task": "Changed elsewhere"}


async def test_an_item_that_somebody_else_has_deleted(store: Store) -> None:
    panel = await panel_of(choose="milk")
    panel.editor.value = '{"task": "Mine"}'
    del store.items[ANN, "milk"]
    await click(panel, "Save")
    assert "Somebody has deleted 'milk' meanwhile." in panel.message
    assert panel.editor.value == '{"task": "Mine"}'
    await panel.delete("milk")
    assert "Somebody has deleted 'milk' meanwhile." in panel.message
    await click(panel, "Reload")
    assert panel.editor.value == ""
    await panel.delete("milk")
    assert "There is no item 'milk' here." in panel.message


async def test_a_new_item_is_saved_but_never_over_one_that_was_not_read(store: Store) -> None:
    panel = await panel_of(BOB)
    await panel.save("eggs", {"task": "Buy eggs"})
    assert panel.message.startswith("Saved 'eggs'. 1 item in todo › general › bob. Read at ")
    panel.search.value = "no such text"
    await until(lambda: panel.items == [])
    await panel.save("eggs", {"task": "Mine"})
    assert "There is an item 'eggs' already." in panel.message
    await panel.open(())
    await panel.save("eggs", {"task": "Mine"})
    assert "An item needs a namespace." in panel.message
    assert store.items[BOB, "eggs"]["value"] == {"task": "Buy eggs"}


async def test_deleting_takes_a_second_button(store: Store) -> None:
    panel = await panel_of(choose="milk")
    confirm = panel.buttons["Confirm"]
    assert confirm.layout.display == "none"
    await click(panel, "Delete")
    assert "Press “Yes, delete it” to delete 'milk' for good." in panel.message
    assert confirm.layout.display is None
    panel.buttons["Delete"].click()
    await until(lambda: confirm.layout.display == "none")
    await click(panel, "Delete")
    panel.item_choice.value = (ANN, "plants")  # the question was about another item
    assert confirm.layout.display == "none"
    assert (ANN, "milk") in store.items
    panel.item_choice.value = (ANN, "milk")
    await click(panel, "Delete")
    await click(panel, "Confirm")
    assert panel.message.startswith("Deleted 'milk'. 1 item in ")
    assert (ANN, "milk") not in store.items
    assert panel.item_choice.value == ""


async def test_the_form_waits_for_an_item_and_for_the_panel(store: Store) -> None:
    panel = await panel_of()
    controls = [panel.editor, *(panel.buttons[n] for n in ("Save", "Reload", "Delete"))]
    assert all(control.disabled for control in controls)
    panel.item_choice.value = (ANN, "milk")
    assert not any(control.disabled for control in controls)
    store.gate.clear()
    panel.button.click()
    await until(lambda: panel.button.disabled)
    assert all(control.disabled for control in [*controls, panel.search])
    store.gate.set()
    await panel.refresh()
    assert not any(control.disabled for control in [*controls, panel.search])


async def test_a_namespace_may_be_chosen_while_another_is_read(store: Store) -> None:
    panel = await panel_of()
    store.gate.clear()
    panel.namespace_choice.value = ()
    await until(lambda: panel.button.disabled)
    panel.namespace_choice.value = ("profile",)
    assert not panel.namespace_choice.disabled
    store.gate.set()
    await until(lambda: panel.message.startswith("1 item in profile."))
    assert panel.namespace_choice.value == ("profile",)


async def test_changes_wait_for_one_another(store: Store) -> None:
    panel = await panel_of()
    store.gate.clear()
    panel.button.click()
    await until(lambda: panel.button.disabled)
    saving = [asyncio.create_task(panel.save(key, {"n": 1})) for key in ("a", "b")]
    store.gate.set()
    await asyncio.gather(*saving)
    assert {"a", "b"} <= {item.key for item in panel.items}


# --- Trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda panel: panel.refresh(),
        lambda panel: panel.open(["profile"]),
        lambda panel: panel.save("milk", {}),
        lambda panel: panel.delete("milk"),
    ],
)
async def test_a_dead_server_is_said_and_the_last_items_stay(
    store: Store, monkeypatch: pytest.MonkeyPatch, act: Callable[[StorePanel], Any]
) -> None:
    def dead(url: str) -> None:
        raise DOWN

    panel = await panel_of(choose="milk")
    panel.editor.value = '{"task": "Mine"}'
    monkeypatch.setattr(server_panel, "require_ready", dead)
    await act(panel)
    assert DOWN.what in panel.message
    assert "was read before" in panel.message
    assert repr(panel) == "StorePanel: stale; 2 items in todo › general › ann"
    assert "Water the plants" in shown(panel)
    assert panel.editor.value == '{"task": "Mine"}'
    monkeypatch.setattr(server_panel, "require_ready", lambda url: None)
    await panel.refresh()
    assert not panel.stale
    assert panel.editor.value == '{"task": "Mine"}'


async def test_everything_is_escaped(store: Store) -> None:
    odd = f"\x1b[31m{ATTACK}".replace(".", "")
    store.put((odd, odd), odd, {odd: odd})
    panel = await panel_of((odd,))
    panel.item_choice.value = ((odd, odd), odd)
    await click(panel, "Delete")
    for markup in (everything(panel), static(panel)):
        assert not {"script", "img"} & set(Markup(markup).tags)
        assert "&lt;script&gt;" in markup
        assert "\x1b" not in markup
    texts = [label for label, _ in panel.namespace_choice.options + panel.item_choice.options]
    assert "\x1b" not in "".join(texts)


async def test_a_press_before_closing_does_nothing_after_it(store: Store) -> None:
    panel = await panel_of(choose="milk")
    panel.editor.value = "{}"
    panel.buttons["Save"].click()
    panel.close()
    await panel.save("milk", {})
    assert store.writes == 3
