"""The panels in JupyterLab: hostile data, the keyboard, both themes, and what dies under them.

The tests share one notebook, in a folder far from the course, and run in this order: the last two
end its server and its kernel.
"""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import Lab, command_of, wait_until_gone
from tests.browser.notebook import DARK, LIGHT, SCREENSHOTS, Notebook, executed, screenshot

ATTACK = "<script>window.attacked = 1</script><img src=x onerror='window.attacked = 2'>"
LONG = "https://example.com/" + "a-long-address-without-any-space/" * 12

CELLS = [
    "from course_helpers import HealthPanel, Question, Quiz, ThreadExplorer, connect\n"
    "server = connect()\nclient = server.client",
    f"""\
attack, long = {ATTACK!r}, {LONG!r}
call = {{"id": "1", "name": "UpdateMemory", "args": {{"update_type": "todo", "note": attack}}}}
turns = [
    {{"role": "user", "content": "Remind me to water the plants. " + attack}},
    {{"role": "assistant", "content": "", "tool_calls": [call]}},
    {{"role": "tool", "tool_call_id": "1", "content": "Added. " + attack}},
    {{"role": "assistant", "content": "\\x1b[31mRed\\x1b[0m words.\\n\\n" + long}},
]
empty, thread, other = [await client.threads.create(graph_id="task_maistro") for _ in range(3)]
for where, turn in [*((thread, turn) for turn in turns), (other, "The other thread.")]:
    await client.threads.update_state(
        where["thread_id"], {{"messages": [turn]}}, as_node="task_maistro"
    )
todo = {{"task": attack, "deadline": "2026-03-06T17:00:00", "status": "not started"}}
await client.store.put_item(["todo", "general", "ann"], "1", todo)
todo = {{"task": long, "deadline": None, "status": "in progress"}}
await client.store.put_item(["todo", "general", "ann"], "2", todo)
profile = {{"name": "Ann", "location": attack, "interests": ["plants", "trains"]}}
await client.store.put_item(["profile", "general", "ann"], "p", profile)
""",
    'explorer = await ThreadExplorer.load(server, thread["thread_id"], user_id="ann")\nexplorer',
    "HealthPanel(server)",
    """\
Quiz([
    Question("Where do memories live?", ["In the thread", "In the store"], 1,
             "Every thread of a user sees it."),
    Question("What runs " + "when an answer is so long that it does not fit on one line? " * 2,
             ["A short one", "An answer " + "that goes on and on and on " * 8], 0, "Because."),
])""",
]


@pytest.fixture(scope="module")
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    folder = lab.root / "some where" / "else"
    folder.mkdir(parents=True)
    with executed(page, lab, "some where/else/panels.ipynb", CELLS) as notebook:
        yield notebook


def server_processes(lab: Lab) -> list[psutil.Process]:
    """Return the embedded servers of all kernels."""
    children = lab.process.children(recursive=True)
    return [child for child in children if "course_helpers.server._dev_child" in command_of(child)]


def test_hostile_data_is_only_text(notebook: Notebook) -> None:
    explorer = notebook.panel("Thread explorer")
    turns = explorer.locator(".course-turn")
    expect(turns.get_by_text("Remind me to water the plants. <script>")).to_be_visible()
    expect(explorer.get_by_role("cell", name="<script>").first).to_be_visible()
    expect(explorer.get_by_text("Red words.")).to_be_visible()
    assert notebook.page.evaluate("() => window.attacked") is None
    assert explorer.locator("script, img").count() == 0


@pytest.mark.parametrize("heading", ["Thread explorer", "Health", "Quiz"])
@pytest.mark.parametrize("width", [1280, 760])
def test_nothing_is_clipped(notebook: Notebook, heading: str, width: int) -> None:
    notebook.page.set_viewport_size({"width": width, "height": 900})
    panel = notebook.panel(heading)
    too_wide = panel.evaluate(
        "panel => [panel, ...panel.querySelectorAll('*')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    narrow = panel.evaluate(
        "panel => [...panel.querySelectorAll('td, th')].filter(e => e.clientWidth < 35).length"
    )
    screenshot(panel, f"panel-{heading.replace(' ', '-').lower()}-{width}")
    notebook.page.set_viewport_size({"width": 1280, "height": 900})
    assert too_wide == []
    assert narrow == 0


def test_a_tool_call_unfolds(notebook: Notebook) -> None:
    explorer = notebook.panel("Thread explorer")
    result = explorer.get_by_text("Added. <script>")
    expect(result).not_to_be_visible()
    explorer.get_by_text("Tool call: UpdateMemory").click()
    expect(result).to_be_visible()


def test_the_keyboard_is_enough(notebook: Notebook) -> None:
    quiz, keyboard = notebook.panel("Quiz"), notebook.page.keyboard
    quiz.get_by_role("radio").first.focus()
    for key in ("Space", "Tab", "Tab", "Enter"):
        keyboard.press(key)
    expect(quiz.get_by_role("status").first).to_contain_text("Not this one.")
    for key in ("Shift+Tab", "Space", "Tab", "Enter"):
        keyboard.press(key)
    expect(quiz.get_by_role("status").first).to_contain_text("Right. Every thread of a user")


def thread_labels(choice: Locator) -> list[str]:
    """Return what the dropdown offers (it shows every space as one that does not break)."""
    labels = choice.get_by_role("option").all_text_contents()
    return [label.replace("\N{NO-BREAK SPACE}", " ") for label in labels]


def test_a_thread_is_chosen_by_its_first_message(notebook: Notebook) -> None:
    explorer = notebook.panel("Thread explorer")
    choice, status = explorer.get_by_label("Thread", exact=True), explorer.get_by_role("status")
    first, new, other, attack, empty = thread_labels(choice)
    assert (first, new) == ("Choose a thread", "A new thread")
    assert other.startswith("The other thread. · idle · ")
    assert attack.startswith("Remind me to water the plants. <script>")
    assert empty.startswith("(empty) · idle · ")
    choice.select_option(index=2)
    expect(explorer.locator(".course-turn").get_by_text("The other thread.")).to_be_visible()
    expect(status).to_contain_text("Idle, 1 message, 1 checkpoint;")
    choice.select_option(index=3)
    expect(status).to_contain_text("Idle, 4 messages, 4 checkpoints")


def test_a_thread_that_has_gone_leaves_the_list(notebook: Notebook) -> None:
    explorer = notebook.panel("Thread explorer")
    choice, status = explorer.get_by_label("Thread", exact=True), explorer.get_by_role("status")
    notebook.run_code('await client.threads.delete(empty["thread_id"])')
    choice.select_option(index=4)
    expect(status).to_contain_text("There is no thread ")
    expect(status).to_contain_text("was read before")
    expect(choice.get_by_role("option")).to_have_count(4)
    choice.select_option(index=3)
    expect(status).to_contain_text("Idle, 4 messages, 4 checkpoints")


def test_the_keyboard_keeps_its_place(notebook: Notebook) -> None:
    """The controls are disabled while the panel reads, which takes the focus from them."""
    explorer = notebook.panel("Thread explorer")
    refresh, status = explorer.get_by_role("button", name="Refresh"), explorer.get_by_role("status")
    put = 'await client.store.put_item(["todo", "general", "ann"], "3", {"task": "Weed"})'
    notebook.run_code(put)
    refresh.focus()
    notebook.page.keyboard.press("Enter")
    expect(status).to_contain_text("3 to-dos")
    expect(refresh).to_be_enabled()
    expect(refresh).to_be_focused()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_pictures_of_both_themes(notebook: Notebook, theme: str) -> None:
    notebook.theme(theme)
    for heading in ("Thread explorer", "Health", "Quiz"):
        name = f"panel-{heading}-{theme.split()[1]}".replace(" ", "-").lower()
        assert screenshot(notebook.panel(heading), name).stat().st_size > 5_000
    notebook.theme(LIGHT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_static_html_on_the_plain_web(browser: Browser, notebook: Notebook, scheme: str) -> None:
    outputs = notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets"
        ".flatMap(c => c.model.outputs.toJSON()).map(o => o.data?.['text/html']).filter(Boolean)"
    )
    parts = ["".join(part) for part in outputs if "course-panel" in "".join(part)]
    assert len(parts) == 3
    page = browser.new_page(viewport={"width": 900, "height": 900}, java_script_enabled=False)
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(
        f'<!doctype html><meta name="color-scheme" content="light dark">{"<p>".join(parts)}'
    )
    expect(page.get_by_text("In the store", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="is loaded")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / f"static-{scheme}.png", full_page=True)
    page.close()
    assert asked == []


def test_the_server_dies_under_the_panels(notebook: Notebook, lab: Lab) -> None:
    explorer, health = notebook.panel("Thread explorer"), notebook.panel("Health")
    (server,) = server_processes(lab)
    server.kill()
    wait_until_gone(server)
    notebook.panel("Thread explorer").get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_role("status")).to_contain_text("the server has stopped")
    expect(explorer.get_by_role("status")).to_contain_text("connect()")
    expect(explorer.get_by_text("Red words.")).to_be_visible()
    notebook.panel("Health").get_by_role("button", name="Check again").click()
    expect(health.get_by_role("status")).to_contain_text("1 failed: Server")
    expect(health.get_by_role("cell", name="FAIL")).to_be_visible()
    for theme in (LIGHT, DARK):
        notebook.theme(theme)
        for panel, name in ((explorer, "thread-explorer"), (health, "health")):
            panel.scroll_into_view_if_needed()
            screenshot(panel, f"panel-{name}-down-{theme.split()[1].lower()}")
    notebook.theme(LIGHT)


def test_a_killed_kernel_leaves_no_server(notebook: Notebook, lab: Lab) -> None:
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run_all()  # connect() replaces the dead server
    assert notebook.errors() == []
    (server,) = server_processes(lab)
    kernel = server.parent()
    assert kernel is not None
    assert "ipykernel_launcher" in kernel.cmdline()
    kernel.kill()
    wait_until_gone(server)
