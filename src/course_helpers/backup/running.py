"""The stack while it is saved or restored: what is started for that, and put back as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from course_helpers.core.errors import ServerError
from course_helpers.stack import lifecycle, starting
from course_helpers.stack.compose import (
    API,
    POSTGRES,
    REDIS,
    data_volumes,
    project_name,
    run_compose,
    services,
)
from course_helpers.stack.containers import Service


def require_data() -> None:
    """Return if there is a stack with data, whether it runs or not.

    Raises:
        DockerError: Docker does not answer.
        ServerError: there is none.
    """
    if not any(volume.endswith("_postgres-data") for volume in data_volumes()):
        raise ServerError(
            f"There is no stack {project_name()!r} here, so there is no data to save.", "make up"
        )


@contextmanager
def running_databases() -> Iterator[None]:
    """Have Postgres and Redis run in the block; what it started is stopped or removed afterwards.

    One that runs already, and is not found healthy yet, is only waited for.

    Raises:
        DockerError: there is no Docker that can run them.
        ServerError: one of them does not become ready.
    """
    lifecycle.prepare()
    before, data = services(), data_volumes()
    ready = {service.name for service in before if service.ready}
    awaited = [name for name in (POSTGRES, REDIS) if name not in ready]
    stopped = [name for name in awaited if not _runs(name, before)]
    done = False
    try:
        if awaited:
            print(f"Starting {' and '.join(awaited)} ...", flush=True)
            _start(*awaited)
        yield
        done = True
    finally:
        if not before:
            lifecycle.down(volumes=not done and not data)
        elif stopped:
            lifecycle.stop(*stopped)


def _start(*names: str) -> None:
    """Start services and wait until they are healthy."""
    run_compose("up", "--detach", "--wait", "--no-deps", *names, timeout=lifecycle.UP_TIMEOUT)


def start_again(name: str) -> None:
    """Stop a service, in whatever state it is, and start it.

    Raises:
        ServerError: it does not become healthy.
    """
    stop_at_once(name)  # Docker then forgets how often it has started it again by itself
    _start(name)


def stop_at_once(name: str) -> None:
    """Stop a service without asking first whether Docker answers quickly: it may be busy.

    Raises:
        ServerError: it could not be stopped.
    """
    run_compose("stop", name, timeout=starting.DOWN_TIMEOUT)


def server_runs() -> bool:
    """Return whether the agent's server runs, ready or not."""
    return _runs(API, services())


def _runs(name: str, found: Sequence[Service]) -> bool:
    return any(s.name == name and s.state in ("running", "restarting") for s in found)
