"""The panels of the store and of runs in JupyterLab: mouse, keyboard, themes, a server that dies.

The tests share one notebook and run in this order: the last one ends its server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from course_helpers.widgets.store_view import SAME
from tests.browser.lab import Lab, command_of, wait_until_gone
from tests.browser.notebook import DARK, LIGHT, Notebook, executed, screenshot

ATTACK = "<script>window.attacked = 1</script><img src=x onerror='window.attacked = 2'>"

CELLS = [
    "import asyncio\nfrom course_helpers import RunTimeline, StorePanel, connect\n"
    "server = connect()\nclient = server.client",
    f"""\
attack = {ATTACK!r}
put = client.store.put_item
await put(["todo", "general", "ann"], "milk", {{"task": "Buy milk", "status": "not started"}})
await put(["todo", "general", "ann"], "plants", {{"task": "Water the plants " + attack}})
await put(["todo", "work", "ann"], "report", {{"task": "Write the report", "deadline": None}})
await put(["profile", "general", "bob%40example%2Ecom"], attack, {{attack: attack}})
items = [put(["many", "of", "them"], f"item-{{n:02}}", {{"number": n}}) for n in range(60)]
await asyncio.gather(*items)
store = await StorePanel.load(server, ["todo", "general", "ann"])
store""",
    """\
thread = await client.threads.create()
timeline = await RunTimeline.load(server, thread["thread_id"])
async def say(text, pace="", strategy="enqueue"):
    context = {"user_id": "ann", "task_maistro_role": f"Be brief. {pace}"}
    run = await client.runs.create(
        thread["thread_id"], "task_maistro", input={"messages": text}, context=context,
        multitask_strategy=strategy,
    )
    return run["run_id"]
async def until(*states):
    async with asyncio.timeout(20):
        while tuple(run.status for run in timeline.runs)[-len(states):] != states:
            await timeline.refresh()
slow = "Speak at 5 tokens per second."
await say("Hello. " + attack)
await until("success")
await say("What can you do?", slow)
await until("success", "running")
await say("What can you do for me, and what do you remember?", slow, "interrupt")
await until("interrupted", "running")
await say("What is on my list?", slow, "rollback")
await until("rolled back", "running")
await say("And now?", slow)
await timeline.refresh()
timeline""",
]


@pytest.fixture(scope="module")
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    with executed(page, lab, "store-and-runs.ipynb", CELLS) as notebook:
        yield notebook


@pytest.fixture
def store(notebook: Notebook) -> Locator:
    return notebook.panel("Store")


@pytest.fixture
def runs(notebook: Notebook) -> Locator:
    return notebook.panel("Runs of a thread")


def tree(store: Locator) -> Locator:
    return store.locator(".widget-toggle-buttons").get_by_role("button")


def edit(store: Locator, key: str) -> Locator:
    """Choose an item, and return its editor."""
    choice = store.get_by_label("Item", exact=True)
    names = choice.get_by_role("option").all_text_contents()
    choice.select_option(index=[name.startswith(key) for name in names].index(True))
    editor = store.get_by_label("Value")
    expect(editor).to_be_enabled()
    return editor


def test_runs_end_in_words_as_well_as_in_colours(notebook: Notebook, runs: Locator) -> None:
    rows = runs.get_by_role("listitem")
    expect(rows).to_have_count(5)
    for row, state in enumerate(("success", "interrupted", "rolled back", "running", "pending")):
        expect(rows.nth(row)).to_contain_text(state)
    expect(rows.first).to_contain_text("Hello. <script>")
    expect(runs).to_contain_text("Run 3: the server has deleted what was rolled back")
    assert notebook.page.evaluate("() => window.attacked") is None
    widths = runs.locator(".course-track > span").evaluate_all("all => all.map(e => e.clientWidth)")
    assert max(widths) > 30


def test_a_namespace_is_chosen_in_the_tree(store: Locator) -> None:
    nodes = [name.strip(f" {SAME}") for name in tree(store).all_text_contents()]
    assert nodes == [
        *("all namespaces", "many", "of", "them", "profile", "general", "bob%40example%2Ecom"),
        *("todo", "general", "ann", "work", "ann"),
    ]
    expect(store.get_by_role("cell", name="Water the plants <script>")).to_be_visible()
    tree(store).nth(nodes.index("work")).click()
    expect(store.get_by_role("status")).to_contain_text("1 item in todo › work.")
    expect(store.get_by_role("cell", name="Write the report")).to_be_visible()
    expect(store.get_by_role("columnheader", name="Namespace")).to_be_visible()


def test_hostile_items_are_only_text(notebook: Notebook, store: Locator) -> None:
    tree(store).nth(4).click()
    expect(store.get_by_role("cell", name="<script>").first).to_be_visible()
    expect(edit(store, "<script>")).to_have_value(json.dumps({ATTACK: ATTACK}, indent=2))
    assert notebook.page.evaluate("() => window.attacked") is None
    assert store.locator("script, img").count() == 0


def test_the_keyboard_keeps_its_place_in_the_tree(notebook: Notebook, store: Locator) -> None:
    tree(store).nth(4).click()
    for n, shown in enumerate(("profile › general", "profile › general › bob%40example%2Ecom"), 5):
        notebook.page.keyboard.press("Tab")
        notebook.page.keyboard.press("Space")
        expect(store.get_by_role("status")).to_contain_text(f"1 item in {shown}. ")
        expect(tree(store).nth(n)).to_be_focused()
        expect(tree(store).nth(n)).to_have_class(re.compile("mod-active"))


def test_many_items_come_in_pages_and_are_searched(notebook: Notebook, store: Locator) -> None:
    status, search = store.get_by_role("status"), store.get_by_label("Search")
    tree(store).nth(1).click()
    expect(status).to_contain_text("Items 1 to 50 in many, and more")
    store.get_by_role("button", name="Next page").click()
    expect(status).to_contain_text("Items 51 to 60 in many")
    expect(store.get_by_role("button", name="Next page")).to_be_disabled()
    store.get_by_role("button", name="Previous page").click()
    expect(status).to_contain_text("Items 1 to 50 in many")
    screenshot(store, "store-pages")
    search.fill("ITEM-5")
    search.press("Enter")
    expect(status).to_contain_text("10 items in many with 'ITEM-5'")
    expect(store.get_by_role("button", name="Next page")).not_to_be_visible()
    search.fill("")
    search.press("Enter")
    expect(status).to_contain_text("Items 1 to 50 in many")


def test_an_item_is_edited_with_the_keyboard_alone(notebook: Notebook, store: Locator) -> None:
    status, keyboard = store.get_by_role("status"), notebook.page.keyboard
    tree(store).nth(9).click()
    expect(status).to_contain_text("2 items in todo › general › ann")
    editor = edit(store, "milk")
    editor.focus()
    keyboard.press("Control+A")
    keyboard.type('{"task": "Buy oat milk", }')
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(status).to_contain_text("This is not JSON: ")
    expect(status).to_contain_text("at line 1, column 2")
    expect(store.get_by_role("button", name="Save")).to_be_focused()
    screenshot(store, "store-not-json")
    keyboard.press("Shift+Tab")
    keyboard.press("Control+End")
    for _ in range(3):
        keyboard.press("Backspace")
    keyboard.type("}")
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(status).to_contain_text("Saved 'milk'. 2 items in ")
    expect(store.get_by_role("button", name="Save")).to_be_focused()
    expect(store.get_by_role("cell", name="Buy oat milk")).to_be_visible()
    notebook.run_code(
        'item = await client.store.get_item(["todo", "general", "ann"], "milk")\n'
        'assert item["value"] == {"task": "Buy oat milk"}, item'
    )


def test_a_change_by_somebody_else_is_not_overwritten(notebook: Notebook, store: Locator) -> None:
    status = store.get_by_role("status")
    editor = edit(store, "milk")
    notebook.run_code('await put(["todo", "general", "ann"], "milk", {"task": "Elsewhere"})')
    editor.fill('{"task": "Mine"}')
    store.get_by_role("button", name="Save").click()
    expect(status).to_contain_text("Somebody has changed 'milk' since it was read.")
    expect(editor).to_have_value('{"task": "Mine"}')
    screenshot(store, "store-conflict")
    store.get_by_role("button", name="Reload").click()
    expect(editor).to_have_value(json.dumps({"task": "Elsewhere"}, indent=2))


def test_an_item_is_deleted_with_a_second_button(store: Locator) -> None:
    status = store.get_by_role("status")
    confirm = store.get_by_role("button", name="Yes, delete it")
    edit(store, "milk")
    expect(confirm).not_to_be_visible()
    store.get_by_role("button", name="Delete", exact=True).click()
    expect(status).to_contain_text("Press “Yes, delete it” to delete 'milk' for good.")
    expect(store.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    screenshot(store, "store-delete")
    confirm.click()
    expect(status).to_contain_text("Deleted 'milk'. 1 item in todo › general › ann.")
    expect(confirm).not_to_be_visible()
    expect(store.get_by_label("Value")).to_be_disabled()
    expect(store.get_by_role("button", name="Refresh")).to_be_focused()


def test_a_click_reads_the_runs_again(notebook: Notebook, runs: Locator) -> None:
    notebook.run_code(
        'run = await say("No more.", strategy="interrupt")\n'
        'await client.runs.join(thread["thread_id"], run)'
    )
    runs.get_by_role("button", name="Refresh").click()
    rows = runs.get_by_role("listitem")
    expect(rows).to_have_count(6)
    expect(rows.nth(5)).to_contain_text("success")
    expect(runs.get_by_role("button", name="Refresh")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 760])
def test_nothing_is_clipped(notebook: Notebook, width: int) -> None:
    edit(notebook.panel("Store"), "plants")
    notebook.page.set_viewport_size({"width": width, "height": 900})
    clipped = []
    for heading in ("Store", "Runs of a thread"):
        panel = notebook.panel(heading)
        clipped += panel.evaluate(
            "panel => [panel, ...panel.querySelectorAll('*')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
            ".filter(e => e.tagName !== 'SELECT')"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        screenshot(panel, f"panel-{heading.replace(' ', '-').lower()}-{width}")
    notebook.page.set_viewport_size({"width": 1280, "height": 900})
    assert clipped == []


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_pictures_of_both_themes(notebook: Notebook, theme: str) -> None:
    notebook.theme(theme)
    for heading in ("Store", "Runs of a thread"):
        name = f"panel-{heading}-{theme.split()[1]}".replace(" ", "-").lower()
        assert screenshot(notebook.panel(heading), name).stat().st_size > 5_000
    notebook.theme(LIGHT)


def test_the_server_dies_and_comes_back(
    notebook: Notebook, lab: Lab, store: Locator, runs: Locator
) -> None:
    children = lab.process.children(recursive=True)
    (server,) = [p for p in children if "course_helpers.server._dev_child" in command_of(p)]
    kill(server)
    runs.get_by_role("button", name="Refresh").click()
    expect(runs.get_by_role("status")).to_contain_text("the server has stopped")
    expect(runs.get_by_role("status")).to_contain_text("was read before")
    expect(runs.get_by_role("listitem")).to_have_count(6)
    editor = edit(store, "plants")
    editor.fill('{"task": "Water the ferns"}')
    store.get_by_role("button", name="Save").click()
    expect(store.get_by_role("status")).to_contain_text("the server has stopped")
    expect(editor).to_have_value('{"task": "Water the ferns"}')
    expect(store.get_by_role("cell", name="Water the plants")).to_be_visible()
    for panel, name in ((store, "store"), (runs, "runs")):
        screenshot(panel, f"panel-{name}-down")

    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run_all_but_the_last()  # connect() replaces the dead server
    assert notebook.errors() == []
    expect(notebook.panel("Store").get_by_role("status")).to_contain_text("2 items in todo")
    notebook.run_code("await timeline.refresh(); assert timeline.stale")  # it had the old server
    notebook.run_code(
        'timeline = await RunTimeline.load(server, (await client.threads.create())["thread_id"])\n'
        'assert repr(timeline) == "RunTimeline: no run yet"'
    )


def kill(server: psutil.Process) -> None:
    server.kill()
    wait_until_gone(server)
