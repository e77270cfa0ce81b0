"""The server: Aegra's application, with what it lacks in front of it.

Import this only after the environment is set (`open_engine.__main__`): Aegra reads it on import.
"""

from __future__ import annotations

import re

from aegra_api.main import app as aegra
from starlette.types import Message, Receive, Scope, Send

from open_engine import health, threads
from open_engine import store as _store  # noqa: F401 (it changes Aegra's store routes)

_FILE = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')

startup_problem: str | None = None  # why the application did not start, once it has failed

# In front of Aegra's own: the first route that fits answers.
aegra.router.routes[:0] = [*health.router.routes, *threads.router.routes]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection, or the application's life."""
    await aegra(scope, receive, _remember_failure(send) if scope["type"] == "lifespan" else send)


def _remember_failure(send: Send) -> Send:
    async def remember(message: Message) -> None:
        global startup_problem
        if message["type"] == "lifespan.startup.failed":
            startup_problem = cause(message.get("message", ""))
        await send(message)

    return remember


def cause(trace: str) -> str:
    """Return the last exception of a traceback, with the place in the app that it names."""
    lines = [line for line in trace.splitlines() if line.strip()] or ["no reason given"]
    places = [m for m in _FILE.finditer(trace) if m["file"].startswith("/deps/")]
    where = f" ({places[-1]['file']}, line {places[-1]['line']})" if places else ""
    return lines[-1].strip() + where
