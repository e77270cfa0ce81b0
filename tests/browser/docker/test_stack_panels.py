"""Both panels clicked through while real containers start, fail and stop.

The tests share one notebook and one stack, and run in this order.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from course_helpers.stack.compose import API, REDIS, data_volumes, run_compose, services
from tests.browser.lab import Lab, command_of, wait_until_gone
from tests.browser.notebook import DARK, LIGHT, Notebook, executed, screenshot
from tests.docker.helpers import container_id, docker
from tests.docker.project import IMAGE, PROJECT

SLOW = 90_000  # milliseconds; containers start in 10 s, on a busy machine in 30
CELLS = [
    "import os\nfrom course_helpers import ImagePanel, StackPanel",
    "image = await ImagePanel.load()\nimage",
    "panel = await StackPanel.load()\npanel",
]
# The log is longer than its box, and its last line is in view.
END_IN_VIEW = """() => {
  const log = document.querySelector(".course-panel [aria-label=Logs]");
  const box = log.getBoundingClientRect();
  const text = log.querySelector("pre").getBoundingClientRect();
  return text.top < box.top && Math.abs(text.bottom - box.bottom) < 20;
}"""
ATTACK = "<img src=x onerror=window.attacked=1><script>window.attacked=2</script>"


@pytest.fixture(scope="module")
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    with executed(page, lab, "stack.ipynb", CELLS) as notebook:
        yield notebook


@pytest.fixture
def stack(notebook: Notebook) -> Locator:
    return notebook.panel("Stack")


def press(panel: Locator, name: str) -> None:
    panel.get_by_role("button", name=name, exact=True).click()


def state(panel: Locator, service: str) -> Locator:
    """Return the cell with a service's state."""
    return panel.get_by_role("row", name=service).locator("td").first


def pictures(notebook: Notebook, heading: str, name: str) -> None:
    for theme in (LIGHT, DARK):
        notebook.theme(theme)
        screenshot(notebook.panel(heading), f"{name}-{theme.split()[1].lower()}")
    notebook.theme(LIGHT)


def test_the_image_is_built_and_drawn(notebook: Notebook) -> None:
    panel = notebook.panel("Image")
    press(panel, "Build")
    expect(panel.get_by_label("Build steps")).to_contain_text(f"{IMAGE}: made in", timeout=SLOW)
    expect(panel.get_by_role("status")).to_contain_text(f"{IMAGE} is here: ")
    assert panel.locator(".course-bar.agent").count() >= 3
    widths = [bar.bounding_box() for bar in panel.locator(".course-bar").all()]
    assert max(box["width"] for box in widths if box) > 100
    pictures(notebook, "Image", "image-panel")


def test_a_start_that_is_cancelled_leaves_nothing(stack: Locator) -> None:
    expect(stack.get_by_role("status")).to_contain_text("The stack: not running.")
    press(stack, "Start")
    expect(state(stack, REDIS)).to_have_text("starting", timeout=SLOW)
    press(stack, "Cancel")
    expect(stack.get_by_role("status")).to_contain_text("Cancelled.", timeout=SLOW)
    assert services() == []
    assert data_volumes() == []  # they were made by this start


def test_every_service_comes_up(notebook: Notebook, stack: Locator) -> None:
    press(stack, "Start")
    expect(stack.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    expect(state(stack, API)).to_have_text("created")
    pictures(notebook, "Stack", "stack-panel-starting")
    expect(stack.get_by_role("status")).to_contain_text("3 services, all ready", timeout=SLOW)
    expect(stack.get_by_label(REDIS, exact=True)).to_have_attribute("value", "3")
    expect(stack.get_by_role("button", name="Stop", exact=True)).to_be_enabled()


def test_logs_come_in_and_are_filtered(notebook: Notebook, stack: Locator) -> None:
    log = stack.get_by_label("Logs", exact=True)
    expect(log).to_contain_text("ready to accept connections")
    notebook.page.wait_for_function(END_IN_VIEW)
    stack.get_by_label("Logs of").select_option(label=API)
    expect(log).not_to_contain_text("ready to accept connections")
    stack.get_by_label("with", exact=True).fill("worker STARTED")
    expect(log).to_contain_text("Worker started")
    expect(log).not_to_contain_text("GET /ok")
    pictures(notebook, "Stack", "stack-panel-ready")
    stack.get_by_label("with", exact=True).fill("")


def test_hostile_lines_are_only_text(notebook: Notebook, stack: Locator) -> None:
    long = "head -c 1000000 /dev/zero | tr '\\0' x; echo"
    lines = f"echo '{ATTACK}'; printf '\\033[31mred\\033[0m\\n'; {long}; echo done-with-it"
    docker("exec", container_id(API), "sh", "-c", f"({lines}) >/proc/1/fd/1")
    log = stack.get_by_label("Logs", exact=True)
    expect(log).to_contain_text("done-with-it")
    expect(log).to_contain_text(ATTACK)
    expect(log).to_contain_text("red")
    # The server may print a line of its own in between, which cuts the long one.
    expect(log).to_contain_text(re.compile(r"x … \([\d,]{6,} characters\)"))
    assert len(log.inner_text()) < 100_000
    assert notebook.page.evaluate("() => window.attacked") is None


def test_the_panel_is_less_than_a_second_behind(notebook: Notebook, stack: Locator) -> None:
    """Twenty changes from elsewhere: from Docker's own time of each to its word on the page."""
    expect(state(stack, REDIS)).to_have_text("healthy")
    container = container_id(REDIS)
    changes = [("pause", "paused"), ("unpause", "healthy")] * 10
    delays = [_delay(notebook.page, container, *change) for change in changes]
    p95 = statistics.quantiles(delays, n=20, method="inclusive")[-1]  # of these twenty
    print(f"behind Docker: median {statistics.median(delays):.0f} ms, p95 {p95:.0f} ms")
    assert p95 < 1000


def _delay(page: Page, container: str, command: str, word: str) -> float:
    """Return the milliseconds from Docker's event to the page's word for it."""
    look = (
        "([service, word]) => [...document.querySelectorAll('.course-panel tr')].some(row =>"
        " row.innerText.startsWith(service) && row.innerText.includes(word)) && Date.now()"
    )
    docker(command, container)
    shown = page.wait_for_function(look, arg=[REDIS, word]).json_value()
    return float(shown) - last_event(container)


def last_event(container: str) -> float:
    """Return when Docker last told of a change of a container, in milliseconds."""
    told = ("--filter", "event=pause", "--filter", "event=unpause", "--format", "{{json .}}")
    window = (
        "--since",
        "60s",
        "--until",
        f"{time.time():.6f}",
        "--filter",
        f"container={container}",
    )
    return float(json.loads(docker("events", *window, *told).splitlines()[-1])["timeNano"]) / 1e6


def test_a_service_that_dies_is_said_in_one_sentence(notebook: Notebook, stack: Locator) -> None:
    notebook.run_code('os.environ["POSTGRES_DB"] = "nowhere"')
    press(stack, "Start")
    status = stack.get_by_role("status")
    expect(status).to_contain_text("Postgres has no database 'nowhere'.", timeout=SLOW)
    expect(status).to_contain_text("Fix: create it, or name another in POSTGRES_DB")
    expect(state(stack, API)).to_contain_text("exited with code")
    pictures(notebook, "Stack", "stack-panel-failed")
    notebook.run_code('del os.environ["POSTGRES_DB"]')


def test_the_doctor_says_it_in_the_same_words(notebook: Notebook, stack: Locator) -> None:
    notebook.run_code(
        "from course_helpers.stack.health import stack_state\n"
        "from course_helpers import CourseError\n"
        "try:\n    stack_state()\n    said = None\n"
        "except CourseError as error:\n    said = f'{error.what}. Fix: {error.fix}'\n"
        "assert panel.message == said, (panel.message, said)"
    )


def test_what_others_do_is_seen(stack: Locator) -> None:
    run_compose("down", timeout=60)
    expect(stack.get_by_role("status")).to_contain_text("The stack: not running.")
    expect(state(stack, REDIS)).to_have_text("not started")


def test_stop_and_restart(stack: Locator) -> None:
    press(stack, "Start")
    status = stack.get_by_role("status")
    expect(status).to_contain_text("3 services, all ready", timeout=SLOW)
    press(stack, "Stop")
    expect(state(stack, API)).to_have_text("stopped", timeout=SLOW)
    expect(stack.get_by_role("button", name="Restart")).to_be_enabled(timeout=SLOW)
    press(stack, "Restart")
    expect(status).to_contain_text("3 services, all ready", timeout=SLOW)


def test_docker_goes_away_and_comes_back(notebook: Notebook, stack: Locator, lab: Lab) -> None:
    """As far as the panel can tell: its docker commands find no engine."""
    notebook.run_code(
        'host = os.environ.get("DOCKER_HOST", "")\n'
        'os.environ["DOCKER_HOST"] = "unix:///nowhere/docker.sock"'
    )
    for process in lab.process.children(recursive=True):
        if command_of(process)[:2] == ["docker", "events"]:
            process.kill()
            wait_until_gone(process)
    status = stack.get_by_role("status")
    expect(status).to_contain_text("Docker: installed, but no engine answers")
    expect(status).to_contain_text("Fix: start Docker Desktop, or run: sudo systemctl start docker")
    expect(state(stack, API)).to_be_visible()  # what was read before
    notebook.run_code('os.environ["DOCKER_HOST"] = host')
    press(stack, "Refresh")
    expect(status).to_contain_text("3 services, all ready")


def test_data_is_deleted_only_after_a_question(notebook: Notebook, stack: Locator) -> None:
    press(stack, "Delete data")
    expect(stack.get_by_text(f"{PROJECT}_postgres-data")).to_be_visible()
    pictures(notebook, "Stack", "stack-panel-question")
    press(stack, "No, keep it")
    expect(stack.get_by_text(f"{PROJECT}_postgres-data")).not_to_be_visible()
    assert len(data_volumes()) == 2
    press(stack, "Delete data")
    press(stack, "Yes, delete the data")
    expect(stack.get_by_role("status")).to_contain_text("not running", timeout=SLOW)
    expect(stack.get_by_role("button", name="Start", exact=True)).to_be_enabled(timeout=SLOW)
    assert data_volumes() == []


def test_a_closed_panel_listens_no_more(notebook: Notebook, lab: Lab) -> None:
    notebook.run_code("panel.close()")
    _, left = psutil.wait_procs(listeners(lab), timeout=10)
    assert left == []


def listeners(lab: Lab) -> list[psutil.Process]:
    """Return the docker commands that wait for something."""
    children = lab.process.children(recursive=True)
    return [child for child in children if command_of(child)[:1] == ["docker"]]
