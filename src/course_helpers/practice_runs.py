"""Commands of Docker typed in a lesson, and containers waited for until they are ready."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from course_helpers.commands import ask
from course_helpers.containers import Service, read_log
from course_helpers.errors import ServerError
from course_helpers.log_reader import explain

TIMEOUT = 60.0  # seconds for a command, and until a container is ready
POSTGRES_READY = ("pg_isready", "--host", "127.0.0.1", "--username", "postgres")
_POLL = 0.2  # seconds


def run_typed(
    command: str, folder: Path | str = ".", values: Mapping[str, str] | None = None
) -> None:
    """Print a command and run it; the id that it prints of what it has made is not shown.

    Args:
        command: as it would be typed in a terminal.
        folder: where to run it.
        values: what to put in the place of its variables, which are printed as they are.

    Raises:
        ServerError: it failed.
    """
    print(f"$ {command}", flush=True)
    for variable, value in (values or {}).items():
        command = command.replace(variable, value)
    answer = ask(shlex.split(command), TIMEOUT, Path(folder))
    if answer.code != 0:
        lines = answer.err.splitlines() or ["it says nothing"]
        said = next((line for line in lines if line.startswith("docker: ")), lines[-1])
        what, cause = " ".join(command.split()[:2]), said.removeprefix("docker: ").rstrip(".")
        raise ServerError(f"`{what}` failed: {cause}.", "correct that, then run this cell again")


def wait_until_ready(container: str, service: str, ready: Callable[[], bool]) -> None:
    """Return when a container is ready.

    Args:
        container: its name.
        service: what people call it.
        ready: asks whether it is.

    Raises:
        ServerError: it ended, and its last words say why; or it is not ready within a minute.
    """
    deadline = time.monotonic() + TIMEOUT
    while not ready():
        if (ended := _ended(container, service)) is not None:
            reading = explain(ended, read_log(container))
            raise ServerError(f"{reading.what}.", reading.fix)
        if time.monotonic() > deadline:
            what = f"The container {service} is not ready in time."
            raise ServerError(what, f"look at: docker logs {container}")
        time.sleep(_POLL)


def _ended(container: str, service: str) -> Service | None:
    """Return how a container ended; None while it runs."""
    asked = ["docker", "container", "inspect", "--format", "{{json .State}}", container]
    state = json.loads(ask(asked, TIMEOUT).out or '{"Status": "removed", "ExitCode": 0}')
    if state["Status"] in ("created", "running"):
        return None
    return Service(service, container, "", state["Status"], exit_code=state["ExitCode"])
