"""The server: Aegra's application, with what it lacks in front of it.

Import this only after the environment is set (`startup/serving.py`): Aegra reads it on import.
"""

from __future__ import annotations

import re

from aegra_api.main import app as aegra
from starlette.types import Message, Receive, Scope, Send

from open_engine.execution import creation, failures, lost_connection, outcomes, queue
from open_engine.patches import accepting, connections
from open_engine.routes import (
    assistants,
    crons,
    info,
    refusals,
    runs,
    store,
    thread_pruning,
    thread_search,
    thread_states,
    thread_stream,
    threads,
)

# In front of Aegra's own routes, in this order: the first that fits answers.
ROUTES = (
    *(info, assistants, crons, runs, thread_stream, thread_search),
    *(thread_pruning, thread_states, threads, store),
)

_FILE = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')

startup_problem: str | None = None  # why the application did not start, once it has failed


def install() -> None:
    """Change Aegra, once, before it starts: its functions, its routes, and how it refuses.

    Raises:
        RuntimeError: it is not made as expected.
    """
    connections.install()
    queue.install()
    lost_connection.install()
    failures.install()
    outcomes.install()
    accepting.install()
    creation.install()
    crons.install()
    store.install()
    aegra.router.routes[:0] = [route for module in ROUTES for route in module.router.routes]
    refusals.require_uuids(aegra.router.routes)
    refusals.use_detail(aegra)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection, or the application's life."""
    await aegra(scope, receive, _watch_startup(send) if scope["type"] == "lifespan" else send)


def _watch_startup(send: Send) -> Send:
    """Finish Aegra's start, whose migrations have run by then, or remember why it failed."""

    async def watch(message: Message) -> None:
        global startup_problem
        if message["type"] == "lifespan.startup.complete":
            await assistants.prepare_assistants()
        elif message["type"] == "lifespan.startup.failed":
            startup_problem = cause(message.get("message", ""))
        await send(message)

    return watch


def cause(trace: str) -> str:
    """Return the last exception of a traceback, with the place in the app that it names."""
    lines = [line for line in trace.splitlines() if line.strip()] or ["no reason given"]
    places = [m for m in _FILE.finditer(trace) if m["file"].startswith("/deps/")]
    where = f" ({places[-1]['file']}, line {places[-1]['line']})" if places else ""
    return lines[-1].strip() + where
