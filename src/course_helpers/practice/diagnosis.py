"""Find out what is wrong with a practice stack, by the checks of the doctor and the log reader."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean, table
from course_helpers.core.settings import GRAPH, load_settings
from course_helpers.core.waiting import wait_until
from course_helpers.doctor import settings as settings_checks
from course_helpers.images.names import missing_images
from course_helpers.practice.fault_catalogue import FAULTS
from course_helpers.practice.stack import PracticeStack
from course_helpers.server.probe import missing_graphs
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import API, POSTGRES, REDIS, services, stack_url
from course_helpers.stack.containers import Service, read_environment, read_log
from course_helpers.stack.health import stack_findings, summary
from course_helpers.stack.log_reader import cause, explain, log_line

TIMEOUT = 60.0  # seconds; most faults show within 5, but a slow computer starts a server slowly
LAST = 2  # lines shown of a log that does not say why it ends
CAUSES_FIRST = (POSTGRES, REDIS, API)  # a broken database breaks the server too
_POLL = 0.3  # seconds


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a stack.

    Attributes:
        name: the fault's, as in `fault_catalogue.FAULTS`; empty if it is none of those, or if no
            fault was found.
        sentence: what happened.
        fix: what to do; empty if no fault was found.
        lines: the output of a container or of Docker that shows it.
    """

    name: str
    sentence: str
    fix: str = ""
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = (f"{kind:8}  {text}" for kind, text in self._rows())
        return clean("\n".join(shown))

    def _repr_html_(self) -> str:
        return table("Diagnosis", [{"": kind, "what": text} for kind, text in self._rows()])

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("Fault", self.name or "none that has a name"), ("Sentence", self.sentence)]
        return [*rows, *(("Printed", line) for line in self.lines), ("Fix", self.fix or "none")]


def diagnose(practice: PracticeStack, timeout: float = TIMEOUT) -> Diagnosis:
    """Find out what is wrong, by the checks of the doctor and the log reader.

    The checks are repeated until they find a fault or the stack is ready.

    Args:
        practice: the stack.
        timeout: seconds after which no fault is expected to appear any more.

    Raises:
        DockerError: Docker does not answer.
    """

    def look() -> Diagnosis | None:
        now = services()
        found = _image() or _service(now) or _port(now) or _model(now)
        return found or (_no_fault(now) if _ready(now) else None)

    with practice:
        return wait_until(look, timeout, _POLL) or _no_fault(services())


def _no_fault(now: Sequence[Service]) -> Diagnosis:
    return Diagnosis("", f"no fault is found: {summary(stack_findings(now))}")


def _ready(now: Sequence[Service]) -> bool:
    """Return whether all services are ready; the server is asked itself: Docker learns it late."""
    databases = all(service.ready for service in now if service.name != API)
    return databases and missing_graphs(stack_url(), [GRAPH]) == []


def _diagnosis(sentence: str, fix: str, lines: Sequence[str] = ()) -> Diagnosis:
    name = next((each.name for each in FAULTS.values() if each.sign in sentence), "")
    return Diagnosis(name, sentence, fix, tuple(lines))


def _image() -> Diagnosis | None:
    """Check that the images named in the settings exist."""
    for image in missing_images():
        said = f"Error: No such image: {image}"  # as `docker` prints it
        if reading := cause(said):
            return _diagnosis(reading.what, reading.fix, reading.lines)
    return None


def _service(now: Sequence[Service]) -> Diagnosis | None:
    """Check for a service that has stopped or is unhealthy, and read its log."""
    by_name = {service.name: service for service in now}
    for service in filter(None, map(by_name.get, CAUSES_FIRST)):
        if service.failed or service.ended or service.health == "unhealthy":
            log = read_log(service.container)
            reading = explain(service, log)
            return _diagnosis(reading.what, reading.fix, reading.lines or _last_lines(log))
    return None


def _last_lines(log: str) -> list[str]:
    """Return the last lines of a log that gives no reason: a killed program cannot print one."""
    return [log_line(line) for line in log.splitlines()[-LAST:]]


def _port(now: Sequence[Service]) -> Diagnosis | None:
    try:
        lifecycle.port_for_the_stack(list(now))
    except CourseError as error:
        return _diagnosis(f"port {load_settings().api_port}: {error.what}", error.fix)
    return None


def _model(now: Sequence[Service]) -> Diagnosis | None:
    """Check the model and its key in the environment of the server's container."""
    for service in now:
        if service.name == API:
            given = read_environment(service.container)
            environ = dict(variable.split("=", 1) for variable in given)
            try:
                settings_checks.model(load_settings(Path(os.devnull), environ))
            except CourseError as error:
                return _diagnosis(error.what, error.fix)
    return None
