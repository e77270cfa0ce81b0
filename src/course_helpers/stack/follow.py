"""Follow the changes and logs of the stack's containers as Docker reports them, without polling."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from course_helpers.core import docker
from course_helpers.core.errors import DockerError
from course_helpers.stack.containers import Service
from course_helpers.stack.logs import LogLine, as_line

if TYPE_CHECKING:
    from docker import DockerClient

_EVENTS = [
    *("create", "start", "restart", "die", "oom", "stop", "kill", "pause", "unpause"),
    *("destroy", "health_status"),
]


class _Listener:
    """Reads a stream of the engine in a thread of its own, until it ends or is closed.

    Args:
        begin: returns the stream, which can be closed.
        read: reads it to its end.
        on_end: called once if the stream ends by itself; not after `close`.
    """

    def __init__(
        self,
        begin: Callable[[DockerClient], Any],
        read: Callable[[Iterable[Any]], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._begin, self._read, self._on_end = begin, read, on_end
        self._stream: Any = None
        self._closed, self._lock = False, threading.Lock()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def listening(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            self._closed = True
            # The library cannot close a stream that has just ended, nor one over ssh, which then
            # ends with the process: `_unclosed` reads no more of it.
            with suppress(Exception):
                self._stream.close()

    def _listen(self) -> None:
        try:
            with suppress(DockerError, docker.not_found()), docker.client() as engine:
                stream = self._begin(engine)
                with self._lock:
                    self._stream = stream
                self._read(takewhile(self._unclosed, stream))
        finally:
            if not self._closed:
                self._on_end()

    def _unclosed(self, _item: Any) -> bool:
        return not self._closed


class StackWatch:
    """Calls a function whenever a container of a compose project changes.

    Args:
        project: the project's name.
        on_change: called once it listens, and after each change, in a thread of its own.
        on_end: called once if Docker ends the stream of events; not after `close`.
    """

    def __init__(
        self, project: str, on_change: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        label = f"com.docker.compose.project={project}"
        wanted: Any = {"type": "container", "label": label, "event": _EVENTS}

        def read(events: Iterable[Any]) -> None:
            on_change()  # of what has changed before this began to listen, nobody has told
            for _ in events:
                on_change()

        self._listener = _Listener(lambda engine: engine.api.events(filters=wanted), read, on_end)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


@dataclass
class LogFollower:
    """Follows the logs of containers, each until it ends.

    Args:
        on_line: called for each line, in a thread of the container's own.
    """

    on_line: Callable[[LogLine], None]
    _listeners: dict[str, _Listener] = field(default_factory=dict)

    def follow(self, running: Iterable[Service]) -> None:
        """Start to follow each running container that is not followed yet."""
        for service in running:
            known = self._listeners.get(service.container)
            if service.state == "running" and (known is None or not known.listening):
                # Docker has started it again: its lines since then, not those seen before.
                since = datetime.fromisoformat(service.started).timestamp()
                self._begin(service, {"since": since} if known else {"tail": 200})

    def close(self) -> None:
        """Stop following."""
        for listener in self._listeners.values():
            listener.close()

    def _begin(self, service: Service, which: dict[str, Any]) -> None:
        def begin(engine: DockerClient) -> Any:
            return engine.api.logs(service.container, stream=True, follow=True, **which)

        def read(chunks: Iterable[bytes]) -> None:
            for line in docker.lines_of(chunks):
                self.on_line(as_line(service.name, line))

        self._listeners[service.container] = _Listener(begin, read)
