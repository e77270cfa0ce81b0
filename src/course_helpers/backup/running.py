"""The databases, started for a backup or restore, and stopped again afterwards."""

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
    """Raise unless there is a stack with data, whether it runs or not.

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
    """Run Postgres and Redis during the block; what was started is stopped or removed again.

    One that is running but not healthy yet is only waited for, and goes on running.

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
    """Stop a service, whatever its state, and start it again.

    Raises:
        ServerError: it does not become healthy.
    """
    stop_at_once(name)  # this also resets Docker's count of automatic restarts
    _start(name)


def stop_at_once(name: str) -> None:
    """Stop a service without first checking that Docker answers quickly: it may be busy.

    Raises:
        ServerError: it could not be stopped.
    """
    run_compose("stop", name, timeout=starting.DOWN_TIMEOUT)


def server_runs() -> bool:
    """Return whether the agent's server runs, ready or not."""
    return _runs(API, services())


def _runs(name: str, found: Sequence[Service]) -> bool:
    return any(s.name == name and s.state in ("running", "restarting") for s in found)
