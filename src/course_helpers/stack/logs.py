"""What the stack's services print: read, filtered and followed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from course_helpers.core import docker_checks
from course_helpers.core.errors import ServerError
from course_helpers.core.terminal import show_command
from course_helpers.stack.compose import (
    API,
    compose_command,
    compose_environment,
    container_of,
    services,
)
from course_helpers.stack.containers import read_log
from course_helpers.stack.log_reader import log_line

LONGEST = 2000  # characters of a line that are kept; the log itself has all
RUN_LOG = 5000  # lines of the server's log in which a run is looked for


@dataclass(frozen=True)
class LogLine:
    """A line of a service's log, for people.

    Attributes:
        service: which service printed it.
        text: time, level and event of a structured line; else the line, without colours.
    """

    service: str
    text: str

    def __str__(self) -> str:
        return f"{self.service.removeprefix('langgraph-'):9}{self.text}"


class LogLines(list[LogLine]):
    """Lines of logs; a notebook and `print` show them one below the other."""

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "no such line"


def as_line(service: str, raw: str) -> LogLine:
    """Return a line as a container printed it, for people; a very long one is cut and says so."""
    text = log_line(raw)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … ({len(text):,} characters)"
    return LogLine(service, text)


def matches(line: LogLine, service: str = "", contains: str = "") -> bool:
    """Return whether a line is of a service and holds a text, ignoring case; empty ones match."""
    return service in ("", line.service) and contains.lower() in line.text.lower()


def read_logs(service: str = "", contains: str = "", last: int = 200) -> LogLines:
    """Return the last lines that the stack's services have printed.

    Args:
        service: of which; by default of all.
        contains: only lines with this text, ignoring case.
        last: how many lines of each service are looked at.

    Raises:
        DockerError: Docker does not answer.
        ServerError: nothing runs, or there is no such service.
    """
    known = {each.name: each.container for each in services()}
    if not known:
        raise ServerError("The stack is not running, so it has no logs.", "make up")
    if service and service not in known:
        raise ServerError(f"The stack has no service {service!r}.", f"one of {', '.join(known)}")
    raw = [(n, line) for n, c in known.items() for line in read_log(c, last).splitlines()]
    lines = (as_line(name, line) for name, line in raw)
    return LogLines(line for line in lines if matches(line, service, contains))


def follow_logs() -> None:
    """Print the logs of all services as they come, until Ctrl-C.

    Raises:
        DockerError: there is no Docker.
        ServerError: nothing runs.
    """
    docker_checks.require()
    if not services():
        raise ServerError("The stack is not running, so it has no logs.", "make up")
    command = compose_command("logs", "--follow", "--tail", "50", "--no-color")
    with subprocess.Popen(
        command,
        env=compose_environment(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(log_line(line), flush=True)


def read_api_log() -> str:
    """Return the last lines of the server's log, for people.

    Raises:
        DockerError: Docker does not answer.
    """
    containers = [service.container for service in services() if service.name == API]
    lines = read_log(containers[0]).splitlines() if containers else []
    return "\n".join(log_line(line) for line in lines)


def read_run_log(run_id: str) -> LogLines:
    """Return what the server has logged about one run, and print the command.

    A structured line names its run in a field of its own, which `read_logs` does not show.

    Args:
        run_id: the run's id.

    Raises:
        DockerError: Docker does not answer.
        ServerError: the server has no container.
    """
    show_command(f"docker compose logs --no-log-prefix {API} | grep {run_id}")
    raw = read_log(container_of(API), RUN_LOG).splitlines()
    return LogLines(as_line(API, line) for line in raw if run_id in line)
