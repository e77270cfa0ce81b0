"""Hear from Docker when a container of the stack changes or prints, rather than ask again."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from course_helpers.stack.containers import Service
from course_helpers.stack.logs import LogLine, as_line

_EVENTS = (
    *("create", "start", "restart", "die", "oom", "stop", "kill", "pause", "unpause"),
    *("destroy", "health_status"),
)


class StackWatch:
    """Calls a function whenever a container of a compose project changes.

    Args:
        project: the project's name.
        on_change: called after each change, in a thread of its own.
        on_end: called once if Docker stops telling; not after `close`.
    """

    def __init__(
        self, project: str, on_change: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        self._on_change, self._on_end, self._closed = on_change, on_end, False
        wanted = [f"--filter=event={event}" for event in _EVENTS]
        label = f"--filter=label=com.docker.compose.project={project}"
        self._process = subprocess.Popen(
            ["docker", "events", "--filter=type=container", label, *wanted, "--format={{.Status}}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
        threading.Thread(target=self._read, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._process.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process:
            for _ in self._process.stdout:
                self._on_change()
        if not self._closed:
            self._on_end()


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
