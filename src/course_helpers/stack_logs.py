"""What the stack's services print: read, filtered and followed."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from course_helpers.compose import API, compose_command, compose_environment, services
from course_helpers.containers import Service, read_log
from course_helpers.core import docker
from course_helpers.core.errors import ServerError
from course_helpers.log_reader import log_line

LONGEST = 2000  # characters of a line that are kept; the log itself has all


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
    """Return whether a line is of a service and holds a text, in whatever case; empty: any."""
    return service in ("", line.service) and contains.lower() in line.text.lower()


def read_logs(service: str = "", contains: str = "", last: int = 200) -> LogLines:
    """Return the last lines that the stack's services have printed.

    Args:
        service: of which; by default of all.
        contains: only lines with this text, in whatever case.
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
    docker.require()
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


@dataclass
class LogFollower:
    """Follows the logs of containers, each until it ends.

    Args:
        on_line: called for each line, in a thread of the container's own.
    """

    on_line: Callable[[LogLine], None]
    _processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def follow(self, running: Iterable[Service]) -> None:
        """Begin with each running container that is not followed yet."""
        for service in running:
            known = self._processes.get(service.container)
            if service.state == "running" and (known is None or known.poll() is not None):
                # Docker has started it again: its lines since then, not those seen before.
                self._begin(service, f"--since={service.started}" if known else "--tail=200")

    def close(self) -> None:
        """Stop following."""
        for process in self._processes.values():
            process.kill()

    def _begin(self, service: Service, which: str) -> None:
        process = subprocess.Popen(
            ["docker", "logs", "--follow", which, service.container],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._processes[service.container] = process
        arguments = (service.name, process)
        threading.Thread(target=self._read, args=arguments, daemon=True).start()

    def _read(self, service: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process:
            for raw in process.stdout:
                self.on_line(as_line(service, raw))
