"""A start of the stack, watched until the server is ready or a service has failed."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence, Set
from contextlib import suppress

from course_helpers.core import docker
from course_helpers.core.errors import CourseError, DockerError, ServerError
from course_helpers.core.processes import last_words
from course_helpers.core.waiting import wait_until
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import compose_command, compose_environment, services, stack_url
from course_helpers.stack.containers import Service
from course_helpers.stack.health import all_ready, service_finding, stack_findings, summary
from course_helpers.stack.log_reader import cause

DOWN_TIMEOUT = 90.0  # seconds; runs get 30 of them to end
_POLL = 0.3  # seconds


def start(arguments: Sequence[str], timeout: float, graphs: Sequence[str]) -> str:
    """Run a command of Compose that starts services, and wait until the server is ready.

    Args:
        arguments: the command and its options.
        timeout: seconds to wait.
        graphs: those that must be loaded.

    Returns:
        The server's address.

    Raises:
        ServerError: Compose or a service failed, or the server is not ready in time.
    """
    started, before = time.monotonic(), {_start_of(s) for s in services() if s.failed}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            compose_command(*arguments),
            env=compose_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = _follow(process, timeout, graphs, before)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if url is None:
            log.seek(0)
            raise _compose_error(log.read())
    print(f"Ready after {time.monotonic() - started:.1f} s: {url}", flush=True)
    return url


def _start_of(service: Service) -> tuple[str, str]:
    """Return what identifies one start of a service."""
    return service.container, service.started


def _follow(
    process: subprocess.Popen[bytes],
    timeout: float,
    graphs: Sequence[str],
    before: Set[tuple[str, str]],
) -> str | None:
    """Print each change of state until the server is ready, and return its address.

    Returns None if Compose itself failed. A service that had failed before the start does not count
    while Compose still works: it is about to start that again.
    """
    url, printed = stack_url(), [summary(stack_findings([]))]

    def has_ended() -> bool:
        now = services()
        failed = [service for service in now if service.failed]
        if process.poll() is None:
            failed = [service for service in failed if _start_of(service) not in before]
        if failed:
            raise _failure(failed[0])
        findings = stack_findings(now)
        if (line := summary(findings)) != printed[-1]:
            print(line, flush=True)
            printed.append(line)
        up = process.poll() == 0 and all_ready(findings)  # what was printed last says so too
        gave_up = process.poll() not in (None, 0)
        return gave_up or (up and missing_graphs(url, list(graphs)) == [])

    if not wait_until(has_ended, timeout, _POLL):
        raise _too_slow(url)
    return None if process.poll() else url


def _too_slow(url: str) -> ServerError:
    slow = next((service for service in services() if not service.ready), None)
    seen = f"{slow.name} is {slow}" if slow else f"{url} does not answer with its graphs"
    return ServerError(f"The stack is not ready in time: {seen}.", "look at: make logs")


def _failure(service: Service) -> ServerError:
    """Stop a failed service, which Docker would restart again and again; return why it failed."""
    with suppress(DockerError), docker.client(DOWN_TIMEOUT) as engine, suppress(docker.not_found()):
        engine.api.stop(service.container)
    finding = service_finding(service.name, service)
    return ServerError(f"{finding.detail}.", finding.fix)


def _compose_error(output: str) -> CourseError:
    """Return why Docker Compose failed, as an error with a fix."""
    if failed := [service for service in services() if service.failed]:
        return _failure(failed[0])
    if reading := cause(output):
        return ServerError(f"{reading.what}.", reading.fix)
    said, fix = last_words(output), "correct that, then: make up"
    if "paused container" in said:
        fix = "in the folder deployment: docker compose unpause"
    return ServerError(f"Docker Compose cannot start the stack: {said}.", fix)
