"""The stack's services as they change, what can be done with them, and what they print."""

from __future__ import annotations

import asyncio
import html
from collections import deque
from typing import Any

from ipywidgets import HTML, Button, Dropdown, HBox, Text, VBox  # type: ignore[import-untyped]

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import Finding, Findings
from course_helpers.core.markup import clean
from course_helpers.stack.compose import SERVICES, project_name, services
from course_helpers.stack.containers import Service
from course_helpers.stack.follow import LogFollower, StackWatch
from course_helpers.stack.health import READY, stack_findings, summary
from course_helpers.stack.logs import LogLine, matches
from course_helpers.widgets import theme
from course_helpers.widgets.command_panel import Action, CommandPanel

STACK = "course_helpers.stack"
DELETE = Action(
    "Delete data",
    "Remove the stack and all threads, memories and runs",
    (STACK, "down", "volumes"),
    "make down VOLUMES=1",
    "Deleting",
)
ACTIONS = (
    Action("Start", "Start all services", (STACK, "up"), "make up", "Starting"),
    Action("Stop", "Stop all services", (STACK, "stop"), "docker compose stop", "Stopping"),
    Action(
        "Restart",
        "Stop all services and start them again",
        (STACK, "restart"),
        "docker compose restart",
        "Restarting",
    ),
    Action("Remove", "Stop and keep the data", (STACK, "down"), "make down", "Removing"),
    DELETE,
)
_PROGRESS = {"created": 1, "starting": 2}  # of 3, which is ready; else 0
_KEPT, _SHOWN = 1000, 200  # lines of logs
_LOG_PAUSE = 0.2  # seconds between two updates of the logs


class StackPanel(CommandPanel):
    """The stack: a line and progress for each service, actions, live logs.

    Make it in a notebook cell with `await StackPanel.load()`. Docker tells it of every
    change, whoever made it. If Docker stops, press Refresh once it runs again.

    Attributes:
        findings: the state of each service, as the doctor words it.
        lines: the last lines of all logs.
        service, contains: which of these lines are shown.
        confirm: the question that Delete data asks first, with its buttons.
    """

    def __init__(self) -> None:
        super().__init__("Stack", ACTIONS)
        self.findings, self.lines = Findings(), deque[LogLine](maxlen=_KEPT)
        self._services: list[Service] = []
        self._watch: StackWatch | None = None
        self._closed = False
        self._follower = LogFollower(lambda line: self._later(self._log_came, line))
        self._reading, self._again, self._pause = False, False, False
        self.refresh_button = Button(description="Refresh", tooltip="Ask Docker again")
        self.refresh_button.on_click(lambda _: self._later(self._changed))
        self._controls.children = [*self._controls.children, self.refresh_button]
        self._body, self._log, self.confirm = HTML(), HTML(), self._confirmation()
        offered = [("all services", ""), *((name, name) for name in SERVICES)]
        self.service = Dropdown(description="Logs of", options=offered)
        self.contains = Text(description="with", placeholder="a word, in any case")
        for field in (self.service, self.contains):
            field.observe(lambda _: self._show_log(), "value")
        log_controls = HBox([self.service, self.contains])
        log_controls.add_class("course-controls")
        parts = [self._controls, self.confirm, self._status, self._body, log_controls, self._log]
        self.children = [self._heading, *parts]
        self._show_log()

    @classmethod
    async def load(cls) -> StackPanel:
        """Return a panel that has read the stack's state and follows its changes."""
        panel = cls()
        await panel.refresh()
        return panel

    def summary(self) -> str:
        """Return how many services there are and in which states."""
        return summary(self.findings) if self.findings else "nothing read yet"

    def body_html(self) -> str:
        """Return a row for each service."""
        states = {service.name: service for service in self._services}
        return services_html(self.findings, states) if self.findings else ""

    async def refresh(self) -> None:
        """Read the services' states and show them; start to listen to Docker if it does not yet."""
        try:
            self._services, self.findings = await asyncio.to_thread(_read_services)
            if self._closed:
                return
            if self._watch is None:
                self._listen()  # once it does, the states are read again
            self._follower.follow(self._services)
        except CourseError as error:
            self._say(f"{error.what} What you see below was read before that.", error.fix)
        else:
            self._body.value = clean(self.body_html())
            if not self.busy:
                self._say(*_sentence(self.findings))

    def close(self) -> None:
        """Stop listening and take the panel off the page; the stack goes on."""
        self._closed = True
        if getattr(self, "_watch", None):
            self._stop_listening()
            self._follower.close()
        super().close()

    async def run(self, name: str) -> None:
        """Do what a button does and wait for its end; the outcome is in `message`.

        Called from code, `Delete data` asks no question.
        """
        self.confirm.layout.display = "none"
        await super().run(name)

    async def _ended(self) -> str:
        await self.refresh()
        return _sentence(self.findings)[0]

    def _heard(self, line: str) -> None:
        """Ignore what the command prints: Docker itself tells the panel of every change."""

    def _pressed(self, name: str) -> None:
        if name == DELETE.name:
            self.confirm.layout.display = ""
        else:
            super()._pressed(name)

    def _confirmation(self) -> VBox:
        """Return the question before the one action that cannot be undone."""
        project = html.escape(project_name())
        question = HTML(
            f"<p>This deletes the volumes <code>{project}_postgres-data</code> and <code>{project}"
            "_redis-data</code>: every thread, memory and run. Nothing brings them back.</p>"
        )
        yes = Button(description="Yes, delete the data", button_style="danger")
        no = Button(description="No, keep it")
        yes.on_click(lambda _: CommandPanel._pressed(self, DELETE.name))
        no.on_click(lambda _: self._later(self._hide_question))
        answers = HBox([yes, no])
        answers.add_class("course-controls")
        box = VBox([question, answers])
        box.layout.display = "none"
        box.add_class("course-question")
        return box

    def _hide_question(self) -> None:
        self.confirm.layout.display = "none"

    # --- What Docker tells, in other threads ----------------------------------------------------

    def _later(self, function: Any, *arguments: Any) -> None:
        """Call a function on the panel's event loop."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _listen(self) -> None:
        self._watch = StackWatch(
            project_name(),
            lambda: self._later(self._changed),
            lambda: self._later(self._docker_ended),
        )

    def _stop_listening(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _docker_ended(self) -> None:
        self._watch = None
        self._changed()

    def _changed(self) -> None:
        """Read the states; changes that come meanwhile lead to one more reading."""
        if self._closed:
            return
        if self._reading:
            self._again = True
            return
        self._reading = True
        task = self._loop.create_task(self.refresh())
        task.add_done_callback(lambda _: self._read_on())

    def _read_on(self) -> None:
        self._reading = False
        if self._again:
            self._again = False
            self._changed()

    def _log_came(self, line: LogLine) -> None:
        self.lines.append(line)
        if not self._pause:
            self._pause = True
            self._loop.call_later(_LOG_PAUSE, self._show_log)

    def _show_log(self) -> None:
        self._pause = False
        wanted = (self.service.value, self.contains.value)
        shown = [line for line in self.lines if matches(line, *wanted)][-_SHOWN:]
        self._log.value = clean(log_html(shown))


def _read_services() -> tuple[list[Service], Findings]:
    found = services()
    return found, stack_findings(found)


def _sentence(findings: Findings) -> tuple[str, str]:
    """Return the stack's state as a sentence, and what to do about a failure."""
    for finding in findings:
        if not finding.ok:
            return f"{finding.detail}.", finding.fix
    return f"The stack: {summary(findings)}.", ""


def services_html(findings: Findings, states: dict[str, Service]) -> str:
    """Return a table with a row for each service: its state in words, and its progress."""
    failed = [finding for finding in findings if not finding.ok]
    rows = "".join(
        _service_row(finding, states.get(finding.name))
        + (_problem_row(finding) if finding in failed[1:] else "")
        for finding in findings  # the status line has the first problem
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Service", "State", "", "Image"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _service_row(finding: Finding, service: Service | None) -> str:
    state = finding.detail if finding.ok else str(service)
    ready = finding.ok and service is not None and (service.ready or state == READY)
    kind = "fail" if not finding.ok else "ok" if ready else "later"
    done = 3 if ready else _PROGRESS.get(state, 0)
    return (
        f'<tr><th scope="row">{html.escape(finding.name)}</th>'
        f'<td><span class="{kind}">{html.escape(state)}</span></td>'
        f'<td><progress class="course-progress" max="3" value="{done}" '
        f'aria-label="{html.escape(finding.name)}">{done} of 3</progress></td>'
        f"<td>{html.escape(service.image if service else '')}</td></tr>"
    )


def _problem_row(finding: Finding) -> str:
    return (
        f'<tr><td></td><td colspan="3">{html.escape(finding.detail)}.<br>'
        f"Fix: <code>{html.escape(finding.fix)}</code></td></tr>"
    )


def log_html(lines: list[LogLine]) -> str:
    """Return lines of logs, the newest at the bottom, which is in view."""
    text = "\n".join(html.escape(str(line)) for line in lines) or "No line yet."
    return theme.scroll("Logs", f"<pre>{text}</pre>", "course-log")
