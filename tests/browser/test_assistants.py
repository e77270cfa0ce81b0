"""The assistants' panel in JupyterLab: choose, go back to a version, and a server that dies.

The tests share one notebook and run in this order: the last one ends its server.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab
from tests.browser.notebook import DARK, LIGHT, Notebook, executed, screenshot

ATTACK = "<script>window.attacked = 1</script><img src=x onerror='window.attacked = 2'>"
LONG = "You are a strict secretary who never forgets a deadline and always says so. " * 4

CELLS = [
    "from course_helpers import AssistantPanel, connect\n"
    "from course_helpers.server import dev_server\n"
    "server = connect()\nclient = server.client",
    f"""\
work = {{"todo_category": "work", "task_maistro_role": {LONG!r}}}
ids = []
for name in ("Work", {ATTACK!r}):
    made = await client.assistants.create("task_maistro", name=name, context=work,
        config={{"recursion_limit": 50}}, metadata={{"team": "sales"}})
    ids.append(made["assistant_id"])
await client.assistants.update(ids[0], description="Deadlines and clients")
await client.assistants.update(ids[0], context={{"task_maistro_role": {ATTACK!r}}})
""",
    "panel = await AssistantPanel.load(server, ids[0])\npanel",
]
BACK = """\
port = int(server.url.rpartition(":")[2])
dev_server.free_port = lambda: port
again = dev_server.start_dev_server()
"""


@pytest.fixture(scope="module")
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    with executed(page, lab, "assistants.ipynb", CELLS) as notebook:
        yield notebook


@pytest.fixture
def panel(notebook: Notebook) -> Locator:
    return notebook.panel("Assistants")


def test_versions_stand_side_by_side(panel: Locator) -> None:
    for title in ("Version 1", "Version 2", "Version 3 (current)"):
        expect(panel.get_by_role("columnheader", name=title, exact=True)).to_be_visible()
    expect(panel.get_by_role("cell", name="left out")).to_have_count(2)
    expect(panel.get_by_role("cell", name="changed: <script>")).to_be_visible()
    expect(panel.get_by_role("cell", name="new: Deadlines and clients")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 760])
def test_nothing_is_clipped(notebook: Notebook, width: int) -> None:
    notebook.page.set_viewport_size({"width": width, "height": 900})
    panel = notebook.panel("Assistants")
    too_wide = panel.evaluate(
        "panel => [panel, ...panel.querySelectorAll('*')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
        ".filter(e => !e.closest('.course-scroll'))"  # which may be wider: it scrolls
        ".map(e => e.outerHTML.slice(0, 240))"
    )
    screenshot(panel, f"panel-assistants-{width}")
    notebook.page.set_viewport_size({"width": 1280, "height": 900})
    assert too_wide == []


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_pictures_of_both_themes(notebook: Notebook, theme: str) -> None:
    notebook.theme(theme)
    name = f"panel-assistants-{theme.split()[1].lower()}"
    assert screenshot(notebook.panel("Assistants"), name).stat().st_size > 5_000
    notebook.theme(LIGHT)


def test_a_version_is_made_current_with_the_keyboard(notebook: Notebook, panel: Locator) -> None:
    """The server leaves the context out of it, so that a copy of the version is made."""
    make = panel.get_by_role("button", name="Make current")
    expect(make).to_be_disabled()
    panel.get_by_label("Version", exact=True).select_option("2")
    expect(make).to_be_enabled()
    make.focus()
    notebook.page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_contain_text("Runs use version 2 from now on.")
    copy = panel.get_by_role("columnheader", name="Version 4, as version 2 (current)")
    expect(copy).to_be_visible()
    expect(make).to_be_disabled()
    expect(panel.get_by_role("button", name="Refresh")).to_be_focused()
    notebook.run_code('assert (await client.assistants.get(ids[0]))["context"] == work')


def test_another_assistant_is_chosen(notebook: Notebook, panel: Locator) -> None:
    choice = panel.get_by_label("Assistant", exact=True)
    expect(choice.get_by_role("option")).to_have_count(4)  # the first says: choose
    choice.select_option(index=1)
    expect(panel.get_by_role("status")).to_contain_text("1 version, 1 is current")
    expect(panel.get_by_text("Versions of <script>")).to_be_visible()
    assert notebook.page.evaluate("() => window.attacked") is None
    assert panel.locator("script, img").count() == 0


def test_the_server_dies_and_an_empty_one_comes_back(notebook: Notebook, panel: Locator) -> None:
    status, refresh = panel.get_by_role("status"), panel.get_by_role("button", name="Refresh")
    notebook.run_code("server.stop()")
    refresh.click()
    expect(status).to_contain_text("the server has stopped")
    expect(status).to_contain_text("was read before")
    expect(panel.get_by_text("Versions of <script>")).to_be_visible()
    screenshot(panel, "panel-assistants-down")
    notebook.run_code(BACK)
    refresh.click()
    expect(status).to_contain_text("There is no assistant ")
    panel.get_by_label("Assistant", exact=True).select_option(index=1)
    expect(status).to_contain_text("Task_maistro: 1 version, 1 is current")
    expect(panel.get_by_text("Versions of task_maistro")).to_be_visible()
    notebook.run_code("again.stop()")
