"""How containers of the stack have ended, for whoever looks for the reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from course_helpers.compose import services
from course_helpers.containers import Service
from course_helpers.core.errors import ServerError

SETTLED = 90.0  # seconds; a server that cannot start is tried four times
_POLL = 0.3  # seconds
_FORMAT = "'{{.State.ExitCode}} {{.State.OOMKilled}}'"


@dataclass(frozen=True)
class Exit:
    """How a service's container has ended.

    Attributes:
        service: whose it is.
        code: its exit code.
        out_of_memory: whether its memory limit ended it.
    """

    service: str
    code: int
    out_of_memory: bool

    def __repr__(self) -> str:
        how = "it had reached its memory limit" if self.out_of_memory else "not by its memory limit"
        return f"{self.service} ended with code {self.code}, {how}"


def read_exit(service: str) -> Exit:
    """Return how a service's container has ended, and print the command that asks Docker.

    Args:
        service: for instance `langgraph-api`.

    Raises:
        DockerError: Docker does not answer.
        ServerError: it has no container, or has not ended.
    """
    print(f"$ docker inspect --format {_FORMAT} $(docker compose ps --all -q {service})")
    found = next((each for each in services() if each.name == service), None)
    if found is None:
        raise ServerError(f"{service} has no container.", "look for the reason with: make up")
    if not found.ended:
        raise ServerError(f"{service} has not ended: it is {found}.", "read its log: make logs")
    return Exit(service, found.exit_code, found.out_of_memory)


def wait_until_settled(timeout: float = SETTLED) -> None:
    """Return when each container of the stack runs and has been found well or ill, or has ended.

    Docker starts a container that crashes again, three times at most (`restart: on-failure:3`).
    Where one has ended, nobody waits for another that runs to be found well: a server without its
    database gets more than a minute before Docker calls it ill.

    Args:
        timeout: seconds.

    Raises:
        DockerError: Docker does not answer.
        ServerError: one is still on its way up or down.
    """
    print("Waiting until no container changes any more …", flush=True)
    deadline = time.monotonic() + timeout
    while moving := _moving(services()):
        if time.monotonic() > deadline:
            raise ServerError(f"{moving[0].name} is still {moving[0]}.", "look at: make logs")
        time.sleep(_POLL)


def _moving(found: Sequence[Service]) -> list[Service]:
    """Return the services that are on their way up or down."""
    left = [service for service in found if not service.ended]
    some_ended = len(left) < len(found)
    return [
        service
        for service in left
        if service.state != "running" or (service.health == "starting" and not some_ended)
    ]
