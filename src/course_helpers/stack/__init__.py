"""The stack of `deployment/docker-compose.yml`, and what its services are and say.

compose          the Compose project: its command line, its settings, its services
compose_config   the compose file as Compose understands it
containers       the stack's containers as plain data
fingerprints     what the tables hold, to compare two moments
follow           changes and log lines as they come
health           how each service is, in a sentence
lifecycle        start, stop, restart, remove, and run a command inside
log_patterns     the failures that the course knows by what a log says of them
log_reader       from a log to one sentence
logs             what the services print: read and filtered
postgres         statements to its database
redis            what passes through its Redis
services         how the services are, what they were given, and how they ended
starting         a start, watched until the server is ready
streams          bytes into and out of a command in a container

Notebooks use its commands from here: `stack.up()`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_COMMANDS = ("down", "restart", "run_in", "stop", "up")


def __getattr__(name: str) -> Any:
    """Import a command when it is first used (PEP 562)."""
    if name not in _COMMANDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.lifecycle"), name)
