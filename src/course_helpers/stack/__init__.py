"""The stack of `deployment/docker-compose.yml`: its commands, services, logs and databases.

compose          the Compose project: its command line, its settings, its services
compose_config   the compose file as Compose understands it
containers       containers as plain data, and commands run in them
fingerprints     the contents of the tables, to compare two moments
follow           changes and log lines as they happen
health           how each service is, in a sentence
lifecycle        start, stop, restart, remove, and run a command inside
log_patterns     known failures, recognised by a line of a log
log_reader       from a log to one sentence
logs             what the services print: read and filtered
postgres         statements to its database
redis            the messages in its Redis
services         the states, environments and exits of the services
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
