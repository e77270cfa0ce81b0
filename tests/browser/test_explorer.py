"""The thread explorer in JupyterLab: type, send, watch, fork, answer, copy, delete, lose the server.

The tests share one notebook and run in this order: the last ones end its server.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab
from tests.browser.notebook import DARK, LIGHT, Notebook, executed, screenshot

WATER, CAT = "Remind me to water the plants.", "Remind me to feed the cat."

CELLS = [
    """\
from course_helpers import ThreadExplorer, connect, lanes
from course_helpers.server import dev_server
server = connect()
client = server.client

def says(text):
    return {"messages": [{"role": "user", "content": text}]}

def context(user, role="Be brief."):
    return {"user_id": user, "task_maistro_role": role}
""",
    'explorer = await ThreadExplorer.load(server, user_id="ann")\nexplorer',
]
SLOW_RUN = """\
import asyncio
async def stream():
    role = "Speak at 12 tokens per second."
    async for part in client.runs.stream(
        explorer.thread.thread_id, "task_maistro", input=says("What can you do?"),
        context=context("ann", role), stream_mode=["messages-tuple", "values"],
    ):
        pass
slow = asyncio.create_task(stream())
"""
WAITING = """\
thread = await client.threads.create(graph_id="task_maistro")
await client.runs.wait(
    thread["thread_id"], "task_maistro", input=says("Remind me to call Bob."),
    context=context("ann"), interrupt_before=["update_todos"],
)
"""
KILL = """\
import psutil
process = psutil.Process(lanes._server.pid)
for part in [*process.children(recursive=True), process]:
    part.kill()
"""
START_AGAIN = """\
port = int(server.url.rpartition(":")[2])
dev_server.free_port = lambda: port
connect()
"""


@pytest.fixture(scope="module")
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    with executed(page, lab, "explorer.ipynb", CELLS) as notebook:
        yield notebook


@pytest.fixture
def explorer(notebook: Notebook) -> Locator:
    return notebook.panel("Thread explorer")


def says(panel: Locator, sentence: str) -> None:
    """Wait until the status line holds a sentence."""
    expect(panel.get_by_role("status")).to_contain_text(sentence)


def button(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("button", name=name, exact=True)


def field(panel: Locator, name: str) -> Locator:
    return panel.get_by_label(name, exact=True)


def turns(panel: Locator) -> Locator:
    return panel.get_by_role("region", name="Conversation").locator(".course-turn")


def both_themes(notebook: Notebook, panel: Locator, name: str) -> None:
    for theme in (LIGHT, DARK):
        notebook.theme(theme)
        path = screenshot(panel, f"explorer-{name}-{theme.split()[1].lower()}")
        assert path.stat().st_size > 5_000
    notebook.theme(LIGHT)


def test_a_message_typed_and_sent_by_enter(notebook: Notebook, explorer: Locator) -> None:
    message = field(explorer, "Message")
    message.click()
    notebook.page.keyboard.type(WATER)
    notebook.page.keyboard.press("Enter")
    says(explorer, "The run has ended. Idle, 4 messages, ")
    expect(turns(explorer).last).to_contain_text("I added “Water the plants”.")
    expect(explorer.get_by_role("cell", name="Water the plants")).to_be_visible()
    expect(message).to_have_value("")
    expect(message).to_be_focused()
    both_themes(notebook, explorer, "sent")


def test_what_a_cell_runs_appears_as_it_streams(notebook: Notebook, explorer: Locator) -> None:
    explorer.get_by_label("Live", exact=True).check()
    says(explorer, "Live: ")
    notebook.run_code(SLOW_RUN)
    live = explorer.locator(".course-live")
    expect(live).to_contain_text("I am the course's")
    early = live.inner_text()
    assert live.get_attribute("aria-live") == "off"
    screenshot(explorer, "explorer-speaking")
    expect(live).to_contain_text("rules that")
    assert len(live.inner_text()) > len(early)
    says(explorer, "The run has ended. Idle, ")
    expect(live).to_have_count(0)
    expect(turns(explorer).last).to_contain_text("What is due this week?")
    notebook.run_code("await slow")


def test_a_fork_by_hand(notebook: Notebook, explorer: Locator) -> None:
    before = explorer.locator(".course-timeline > li").count()
    where = field(explorer, "Go back to")
    first = where.get_by_role("option", name="next: task_maistro").last
    where.select_option(value=first.get_attribute("value"))
    words = field(explorer, "and say")
    expect(words).to_have_value(WATER)
    words.fill(CAT)
    button(explorer, "Fork").click()
    says(explorer, "The run has ended. Idle, 4 messages, ")
    expect(turns(explorer).first).to_contain_text(CAT)
    expect(explorer.locator(".course-timeline > li")).to_have_count(before + 1)
    both_themes(notebook, explorer, "forked")


@pytest.mark.parametrize(
    ("words", "task"), [("", "Call Bob"), ("Remind me to call Eve.", "Call Eve")]
)
def test_what_waits_is_approved_or_edited(
    notebook: Notebook, explorer: Locator, words: str, task: str
) -> None:
    expect(explorer.get_by_text("The run stopped before")).not_to_be_visible()
    notebook.run_code(WAITING)
    button(explorer, "Refresh").click()
    waiting = explorer.get_by_role("option", name="Remind me to call Bob. · interrupted")
    expect(waiting).to_have_count(1)
    field(explorer, "Thread").select_option(value=waiting.get_attribute("value"))
    expect(explorer.get_by_text("The run stopped before update_todos.")).to_be_visible()
    expect(field(explorer, "Instead")).to_have_value("Remind me to call Bob.")
    if words:
        field(explorer, "Instead").fill(words)
        button(explorer, "Edit").click()
    else:
        both_themes(notebook, explorer, "waiting")
        button(explorer, "Approve").click()
    says(explorer, "The run has ended. Idle, 4 messages, ")
    expect(explorer.get_by_role("cell", name=task)).to_be_visible()
    expect(explorer.get_by_text("The run stopped before")).not_to_be_visible()


def test_a_copy_and_its_end_by_the_keyboard(notebook: Notebook, explorer: Locator) -> None:
    keyboard = notebook.page.keyboard
    options = field(explorer, "Thread").get_by_role("option")
    before = options.count()
    button(explorer, "Copy").focus()
    keyboard.press("Enter")
    says(explorer, "This is the copy;")
    expect(options).to_have_count(before + 1)
    delete = button(explorer, "Delete")
    delete.focus()
    keyboard.press("Enter")
    says(explorer, "The thread goes with its history;")
    expect(button(explorer, "Really delete?")).to_be_focused()
    keyboard.press("Enter")
    says(explorer, "The thread is deleted.")
    expect(options).to_have_count(before)
    expect(turns(explorer)).to_have_count(0)
    expect(button(explorer, "Fork")).not_to_be_visible()
    screenshot(explorer, "explorer-no-thread")


def test_the_keyboard_goes_through_the_controls(notebook: Notebook, explorer: Locator) -> None:
    keyboard = notebook.page.keyboard
    field(explorer, "Message").focus()
    keyboard.type("What can you do?")
    keyboard.press("Tab")
    expect(button(explorer, "Send")).to_be_focused()
    keyboard.press("Enter")
    says(explorer, "The run has ended. Idle, 2 messages, ")
    expect(field(explorer, "Message")).to_be_focused()
    for control in (
        field(explorer, "Go back to"),
        field(explorer, "and say"),
        button(explorer, "Fork"),
    ):
        while not control.evaluate("e => e === document.activeElement"):
            assert explorer.evaluate("p => p.contains(document.activeElement)"), "left the panel"
            keyboard.press("Tab")


@pytest.mark.parametrize("width", [1280, 760])
def test_nothing_is_clipped(notebook: Notebook, explorer: Locator, width: int) -> None:
    notebook.page.set_viewport_size({"width": width, "height": 900})
    too_wide = explorer.evaluate(
        "panel => [panel, ...panel.querySelectorAll('*')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
        ".filter(e => !['SELECT', 'INPUT'].includes(e.tagName)).map(e => e.outerHTML.slice(0, 120))"
    )
    screenshot(explorer, f"explorer-{width}")
    notebook.page.set_viewport_size({"width": 1280, "height": 900})
    assert too_wide == []


def test_the_server_dies_and_comes_back(notebook: Notebook, explorer: Locator) -> None:
    notebook.run_code(KILL)
    says(explorer, "The server does not answer.")
    message = field(explorer, "Message")
    message.fill("Is anyone there?")
    button(explorer, "Send").click()
    says(explorer, "Nothing answers at ")
    expect(message).to_have_value("Is anyone there?")
    both_themes(notebook, explorer, "away")
    notebook.run_code(START_AGAIN)
    says(explorer, "There is no thread ")  # the new server is empty
    expect(explorer.get_by_label("Live", exact=True)).not_to_be_checked()
    field(explorer, "Thread").select_option(label="A new thread")
    expect(turns(explorer)).to_have_count(0)
    button(explorer, "Send").click()
    says(explorer, "The run has ended. Idle, 2 messages, ")
    expect(message).to_have_value("")
