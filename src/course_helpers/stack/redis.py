"""The messages that are published in the stack's Redis while one watches."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice

from course_helpers.core.errors import ServerError
from course_helpers.stack.compose import REDIS, compose_command, compose_environment
from course_helpers.stack.lifecycle import run_in

WATCH_LIMIT = 120  # seconds after which the watching ends in any case
READY = 10.0  # seconds for the subscription to begin


@dataclass
class RedisMessages:
    """What was published in Redis while it was watched.

    Attributes:
        messages: channel and payload of each, in order.
    """

    messages: list[tuple[str, str]] = field(default_factory=list)
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)

    def on(self, part: str) -> list[str]:
        """Return the payloads of the channels whose name holds a text, for instance a run's id."""
        return [payload for channel, payload in self.messages if part in channel]


@contextmanager
def watch_redis() -> Iterator[RedisMessages]:
    """Collect all that is published in the stack's Redis while the block runs.

    In a terminal: `docker compose exec langgraph-redis redis-cli psubscribe '*'`.

    Raises:
        ServerError: Redis does not answer.
    """
    seen = RedisMessages()
    subscribe = ("timeout", str(WATCH_LIMIT), "redis-cli", "psubscribe", "*")
    process = subprocess.Popen(
        compose_command("exec", "-T", REDIS, *subscribe),
        env=compose_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
    )
    reader = threading.Thread(target=_collect, args=(process, seen), daemon=True)
    reader.start()
    try:
        if not seen._ready.wait(READY):
            raise ServerError(f"{REDIS} does not answer.", "look at: make logs")
        yield seen
    finally:
        with suppress(ServerError):  # ends redis-cli in the container too, at its next line
            run_in(REDIS, "redis-cli", "publish", "watch-ends", "")
        process.terminate()
        reader.join()


def _collect(process: subprocess.Popen[str], seen: RedisMessages) -> None:
    """Read what redis-cli prints, four lines for each message: kind, pattern, channel, payload."""
    assert process.stdout is not None
    with process:
        lines = (line.rstrip("\n") for line in process.stdout)
        for line in lines:
            if line == "psubscribe":
                seen._ready.set()
            elif line == "pmessage":
                message = list(islice(lines, 3))
                if len(message) == 3:  # fewer where the stream was cut
                    seen.messages.append((message[1], message[2]))
