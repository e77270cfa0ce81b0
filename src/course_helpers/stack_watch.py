"""Hear from Docker when a container of the stack changes, rather than ask again and again."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

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
