"""Panels that run commands: outcomes, cancelling, and what is shown meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from course_helpers.core.errors import DockerError
from course_helpers.stack.log_reader import Reading
from course_helpers.stack.logs import LogLine
from course_helpers.widgets import ImagePanel, StackPanel, image_panel, stack_panel
from course_helpers.widgets.command_panel import Action, CommandPanel
from course_helpers.widgets.image_panel import steps_html
from course_helpers.widgets.stack_panel import ACTIONS, DELETE, log_html, services_html
from tests.unit.shared import EVIL_LINE
from tests.unit.stack.stack_backend import service

COMMAND = "tests.unit.widgets.a_command"


class APanel(CommandPanel):
    def __init__(self) -> None:
        names = ("succeed", "fail", "break", "wait")
        super().__init__(
            "A panel", [Action(n, n, (COMMAND, n), f"make {n}", "Going on") for n in names]
        )
        self.heard: list[str] = []
        self.begun = asyncio.Event()

    def summary(self) -> str:
        return "fine"

    def body_html(self) -> str:
        return ""

    def _heard(self, line: str) -> None:
        self.heard.append(line)
        self.begun.set()

    async def _ended(self) -> str:
        return "Everything was read."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("succeed", "Everything was read."),
        ("fail", "It cannot: a reason. Fix: make it so"),
        (
            "break",
            "make break failed: ValueError: nobody foresaw this Fix: in a terminal: make break",
        ),
    ],
)
async def test_how_a_command_ends_is_said(name: str, message: str) -> None:
    panel = APanel()
    await panel.run(name)
    assert panel.message == message
    assert panel.heard[0] == "begun <b>"
    assert repr(panel) == "APanel: fine"
    assert not any(button.disabled for button in panel.buttons.values())
    assert panel.cancel.disabled


async def test_a_command_can_be_cancelled_and_nothing_else_begun() -> None:
    panel = APanel()
    panel.buttons["wait"].click()
    await panel.begun.wait()
    assert panel.message == "Going on … (make wait)"
    assert all(button.disabled for button in panel.buttons.values())
    await asyncio.sleep(0)
    panel.cancel.click()
    await panel.run("succeed")  # waits for the one that is under way
    assert panel.message == "Cancelled. Everything was read."
    assert panel.heard == ["begun <b>"]


async def test_closing_ends_the_command() -> None:
    panel = APanel()
    task = asyncio.ensure_future(panel.run("wait"))
    await panel.begun.wait()
    panel.close()
    await asyncio.wait_for(task, 20)
    assert panel._process is not None
    assert panel._process.returncode == 130


async def test_without_docker_both_panels_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise DockerError("Docker: docker is not installed.", "install it")

    monkeypatch.setattr(image_panel, "read_image", gone)
    monkeypatch.setattr(stack_panel, "services", gone)
    image, stack = await ImagePanel.load(), await StackPanel.load()
    assert image.message == "Docker: docker is not installed. Fix: install it"
    assert stack.message.startswith("Docker: docker is not installed. ")
    assert stack.message.endswith("Fix: install it")
    assert repr(image) == "ImagePanel: no image yet"
    assert repr(stack) == "StackPanel: nothing read yet"


def test_the_destructive_action_is_the_last_and_named_as_make_does() -> None:
    assert ACTIONS[-1] is DELETE
    assert DELETE.typed == "make down VOLUMES=1"


def test_what_is_shown_is_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    from course_helpers.stack import health

    monkeypatch.setattr(health, "read_log", lambda _: EVIL_LINE)
    monkeypatch.setattr(health, "explain", lambda *_: Reading(f"{EVIL_LINE} ended", EVIL_LINE))
    broken = [
        service("langgraph-postgres", state="exited", exit_code=1, image=EVIL_LINE),
        service("langgraph-redis", state="exited", exit_code=1),
    ]
    findings = health.stack_findings(broken)
    markup = services_html(findings, {each.name: each for each in broken})
    for shown in (
        markup,
        log_html([LogLine(EVIL_LINE, EVIL_LINE)]),
        steps_html([f"  2/13 {EVIL_LINE}"]),
    ):
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown
    assert markup.count("ended.<br>") == 1  # the first one's sentence is in the status line


def test_the_progress_of_a_build() -> None:
    assert steps_html([]) == ""
    assert 'max="13" value="2"' in steps_html(["task-maistro ...", "   2/13 RUN make"])
    assert "<progress" not in steps_html(["task-maistro: made in 1 s"])
