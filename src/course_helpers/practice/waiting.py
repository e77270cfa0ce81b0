"""Wait until a container that a lesson has started is ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from course_helpers.core import docker
from course_helpers.core.errors import ServerError
from course_helpers.core.waiting import wait_until
from course_helpers.stack.containers import Service, execute, read_log
from course_helpers.stack.log_reader import explain

TIMEOUT = 60.0  # seconds for a command, and until a container is ready
POSTGRES_READY = ("pg_isready", "--host", "127.0.0.1", "--username", "postgres")
_POLL = 0.2  # seconds


def wait_until_ready(container: str, service: str, ready: Callable[[], bool]) -> None:
    """Wait until a container is ready.

    Args:
        container: its name.
        service: its name in messages.
        ready: returns whether it is ready.

    Raises:
        ServerError: it stopped, and the message says why, from its log; or it was not ready within
            a minute.
    """

    def is_ready() -> bool:
        if ready():
            return True
        if (ended := _ended(container, service)) is not None:
            reading = explain(ended, read_log(container))
            raise ServerError(f"{reading.what}.", reading.fix)
        return False

    if not wait_until(is_ready, TIMEOUT, _POLL):
        what = f"The container {service} is not ready in time."
        raise ServerError(what, f"look at: docker logs {container}")


def answers(container: str, question: Sequence[str]) -> bool:
    """Return whether a command in a container succeeds.

    Args:
        container: its name; it may have stopped or been removed.
        question: the command.
    """
    return execute(container, question, TIMEOUT).code == 0


def published(container: str, port: int) -> str:
    """Return where a container's port is published, as host:port; empty if it is not."""
    with docker.client() as engine, docker.unless_gone():
        found = engine.api.port(container, port) or []
        return "".join(f"{each['HostIp']}:{each['HostPort']}" for each in found[:1])
    return ""


def _ended(container: str, service: str) -> Service | None:
    """Return how a container stopped; None while it runs."""
    state = {"Status": "removed", "ExitCode": 0}
    with docker.client() as engine, docker.unless_gone():
        state = engine.api.inspect_container(container)["State"]
    if state["Status"] in ("created", "running"):
        return None
    return Service(service, container, "", state["Status"], exit_code=state["ExitCode"])
