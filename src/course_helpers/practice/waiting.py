"""Commands of Docker typed in a lesson, and containers waited for until they are ready."""

from __future__ import annotations

import json
from collections.abc import Callable

from course_helpers.core.errors import ServerError
from course_helpers.core.processes import run
from course_helpers.core.waiting import wait_until
from course_helpers.stack.containers import Service, read_log
from course_helpers.stack.log_reader import explain

TIMEOUT = 60.0  # seconds for a command, and until a container is ready
POSTGRES_READY = ("pg_isready", "--host", "127.0.0.1", "--username", "postgres")
_POLL = 0.2  # seconds


def wait_until_ready(container: str, service: str, ready: Callable[[], bool]) -> None:
    """Wait until a container is ready.

    Args:
        container: its name.
        service: what people call it.
        ready: asks whether it is.

    Raises:
        ServerError: it ended, and its last words say why; or it is not ready within a minute.
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


def _ended(container: str, service: str) -> Service | None:
    """Return how a container ended; None while it runs."""
    asked = ["docker", "container", "inspect", "--format", "{{json .State}}", container]
    state = json.loads(run(asked, TIMEOUT).out or '{"Status": "removed", "ExitCode": 0}')
    if state["Status"] in ("created", "running"):
        return None
    return Service(service, container, "", state["Status"], exit_code=state["ExitCode"])
