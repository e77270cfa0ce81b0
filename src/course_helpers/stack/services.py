"""The services of the stack: their states, environments and exits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course_helpers.core import docker_checks
from course_helpers.core.errors import ServerError
from course_helpers.core.markup import Rows
from course_helpers.core.masking import mask_value
from course_helpers.core.terminal import show_command
from course_helpers.core.waiting import wait_until
from course_helpers.stack.compose import container_of, run_compose, services
from course_helpers.stack.compose_config import TIMEOUT
from course_helpers.stack.containers import Service, read_environment

SETTLED = 90.0  # seconds; a server that cannot start is tried four times
_POLL = 0.3  # seconds
_FORMAT = "'{{.State.ExitCode}} {{.State.OOMKilled}}'"
_ENVIRONMENT = "'{{json .Config.Env}}'"


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
    show_command(f"docker inspect --format {_FORMAT} $(docker compose ps --all -q {service})")
    found = next((each for each in services() if each.name == service), None)
    if found is None:
        raise ServerError(f"{service} has no container.", "look for the reason with: make up")
    if not found.ended:
        raise ServerError(f"{service} has not ended: it is {found}.", "read its log: make logs")
    return Exit(service, found.exit_code, found.out_of_memory)


def wait_until_settled(timeout: float = SETTLED) -> None:
    """Wait until every container of the stack is healthy, unhealthy or stopped.

    Docker starts a container that crashes again, three times at most (`restart: on-failure:3`).
    If one has ended, the health checks of the others are not waited for: a server without its
    database has more than a minute before Docker calls it unhealthy.

    Args:
        timeout: seconds.

    Raises:
        DockerError: Docker does not answer.
        ServerError: one is still on its way up or down.
    """
    print("Waiting until no container changes any more …", flush=True)
    if wait_until(lambda: not _moving(services()), timeout, _POLL):
        return
    for service in _moving(services()):
        raise ServerError(f"{service.name} is still {service}.", "look at: make logs")


def _moving(found: Sequence[Service]) -> list[Service]:
    """Return the services that are on their way up or down."""
    left = [service for service in found if not service.ended]
    some_ended = len(left) < len(found)
    return [
        service
        for service in left
        if service.state != "running" or (service.health == "starting" and not some_ended)
    ]


def list_services() -> Rows:
    """Return the stack's containers, also those that have ended, and print the command.

    Raises:
        DockerError: there is no Docker.
        ServerError: Compose fails.
    """
    docker_checks.require()
    show_command("docker compose ps --all")
    answer = run_compose("ps", "--all", "--format", "json", timeout=TIMEOUT).out
    # One object per line or one array, depending on Compose's version.
    found = [json.loads(line) for line in answer.splitlines() if line.strip()]
    containers = found[0] if found and isinstance(found[0], list) else found
    return Rows(sorted(map(_container_row, containers), key=lambda row: row["service"]))


def _container_row(container: dict[str, Any]) -> dict[str, str]:
    ended = container["State"] == "exited"
    published = (port for port in container["Publishers"] or [] if port["PublishedPort"])
    return {
        "service": container["Service"],
        "state": f"exited ({container['ExitCode']})" if ended else container["State"],
        "health": container["Health"],
        "on this computer": ", ".join(f"http://{p['URL']}:{p['PublishedPort']}" for p in published),
    }


def container_environment(service: str) -> Rows:
    """Return the variables that a service's container was given; secrets are shown masked.

    Args:
        service: for instance `langgraph-api`.

    Raises:
        DockerError: Docker does not answer.
        ServerError: the service has no container.
    """
    container = container_of(service)
    show_command(f"docker inspect --format {_ENVIRONMENT} $(docker compose ps -q {service})")
    given = read_environment(container)
    pairs = sorted(line.partition("=")[::2] for line in given)
    return Rows({"variable": name, "value": mask_value(name, value)} for name, value in pairs)
