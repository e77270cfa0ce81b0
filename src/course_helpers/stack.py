"""The stack of `deployment/docker-compose.yml`: start, stop, restart, and look inside.

python -m course_helpers.stack up               start it, and make what it needs
python -m course_helpers.stack stop             stop it and keep its containers
python -m course_helpers.stack restart          stop its services and start them again
python -m course_helpers.stack down [volumes]   remove it, and with "volumes" its data too
python -m course_helpers.stack logs             follow its logs
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence, Set

from dotenv import set_key

from course_helpers.compose import (
    API,
    PASSWORDS,
    compose_command,
    compose_environment,
    data_volumes,
    run_compose,
    services,
    stack_url,
)
from course_helpers.containers import Service
from course_helpers.core import docker, ports
from course_helpers.core.errors import BuildError, CourseError, ServerError
from course_helpers.core.processes import ending_with_a_sentence, run
from course_helpers.core.settings import ENV_FILE, GRAPH, load_settings, prepare_env_file
from course_helpers.images.make import load_bundled, make_images
from course_helpers.images.names import missing_images
from course_helpers.log_reader import cause
from course_helpers.server.probe import missing_graphs
from course_helpers.stack_health import all_ready, service_finding, stack_findings, summary
from course_helpers.stack_logs import follow_logs

UP_TIMEOUT = 120.0  # seconds; 10 to 20 are usual, on fresh volumes too
DOWN_TIMEOUT = 90.0  # seconds; runs get 30 of them to end
RUN_TIMEOUT = 60.0  # seconds for a command inside a container
_POLL = 0.3  # seconds


def up(timeout: float = UP_TIMEOUT, graphs: Sequence[str] = (GRAPH,)) -> str:
    """Start the stack and return its address when the server answers with its graphs.

    What runs already is left alone, unless its image or settings have changed since.

    Args:
        timeout: seconds to wait.
        graphs: those that must be loaded.

    Raises:
        DockerError: there is no Docker that can run it.
        BuildError: an image is missing.
        ServerError: a service ended, or did not become ready; the sentence says why.
        SettingsError: `deployment/.env` cannot work.
    """
    prepare()
    before, data = services(), data_volumes()
    _require_port(before)
    try:
        return _start(("up", "--detach", "--remove-orphans"), timeout, graphs)
    except KeyboardInterrupt:
        if not before:
            print("Stopping what was started ...", flush=True)
            down(volumes=not data)  # data that was there stays; a database half made does not
        raise


def prepare() -> None:
    """See to what any start of the stack needs: Docker, the settings with passwords, the images.

    Raises:
        DockerError: there is no Docker that can run it.
        BuildError: an image is missing.
        SettingsError: `deployment/.env` cannot work.
    """
    docker.require()
    prepare_env_file()
    _make_passwords()
    if missing := missing_images():
        raise BuildError(f"There is no image {', '.join(missing)} here.", "make images")


def restart(*names: str, timeout: float = UP_TIMEOUT) -> str:
    """Stop services and start them again, and return the stack's address when it is ready.

    Args:
        names: which services; by default all.
        timeout: seconds to wait.

    Raises:
        DockerError: there is no Docker that can run it.
        ServerError: nothing runs that could be restarted, or it did not become ready.
    """
    docker.require()
    if not services():
        raise ServerError("The stack is not running, so nothing can be restarted.", "make up")
    return _start(("restart", *names), timeout, (GRAPH,))


def stop(*names: str) -> None:
    """Stop services and keep their containers: `up` starts them again.

    Args:
        names: which services; by default all.

    Raises:
        DockerError: there is no Docker.
        ServerError: they could not be stopped.
    """
    docker.require()
    run_compose("stop", *names, timeout=DOWN_TIMEOUT)


def down(volumes: bool = False) -> None:
    """Stop the stack and remove its containers and networks.

    Args:
        volumes: delete its data too: threads, memories, runs.

    Raises:
        DockerError: there is no Docker.
        ServerError: it could not be stopped.
    """
    docker.require()
    options = ["--volumes"] if volumes else []
    run_compose("down", "--remove-orphans", *options, timeout=DOWN_TIMEOUT)


def run_in(service: str, *command: str) -> str:
    """Run a command in a service's container and return what it prints.

    Args:
        service: which, for instance `langgraph-postgres`.
        command: the program and its arguments.

    Raises:
        DockerError: there is no Docker.
        ServerError: the service does not run, or the command failed.
    """
    docker.require()
    return run_compose("exec", "-T", service, *command, timeout=RUN_TIMEOUT).out


def _start(arguments: Sequence[str], timeout: float, graphs: Sequence[str]) -> str:
    """Run a command of Compose that starts services, and wait until the server is ready."""
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
            url = _follow(process, started + timeout, graphs, before)
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
    """Return what tells one start of a service from another."""
    return service.container, service.started


def _follow(
    process: subprocess.Popen[bytes],
    deadline: float,
    graphs: Sequence[str],
    before: Set[tuple[str, str]],
) -> str | None:
    """Print each change of state until the server is ready; None if compose gave up itself.

    What had failed before does not count while Compose is about to start it again.
    """
    url, seen = stack_url(), summary(stack_findings([]))
    while True:
        now = services()
        failed = [service for service in now if service.failed]
        if process.poll() is None:
            failed = [service for service in failed if _start_of(service) not in before]
        if failed:
            raise _failure(failed[0])
        findings = stack_findings(now)
        if (line := summary(findings)) != seen:
            print(line, flush=True)
            seen = line
        if process.poll() not in (None, 0):
            return None
        up = process.poll() == 0 and all_ready(findings)  # what was printed last says so too
        if up and missing_graphs(url, list(graphs)) == []:
            return url
        if time.monotonic() > deadline:
            slow = next((service for service in now if not service.ready), None)
            seen = f"{slow.name} is {slow}" if slow else f"{url} does not answer with its graphs"
            raise ServerError(f"The stack is not ready in time: {seen}.", "look at: make logs")
        time.sleep(_POLL)


def _failure(service: Service) -> ServerError:
    """Return why a service ended; and stop it, or Docker would start it again and again."""
    run(["docker", "stop", service.container], DOWN_TIMEOUT)
    finding = service_finding(service.name, service)
    return ServerError(f"{finding.detail}.", finding.fix)


def _compose_error(output: str) -> CourseError:
    """Return what Docker Compose had to say when it gave up, as an error with a fix."""
    if failed := [service for service in services() if service.failed]:
        return _failure(failed[0])
    if reading := cause(output):
        return ServerError(f"{reading.what}.", reading.fix)
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it says nothing"]
    fix = "correct that, then: make up"
    if "paused container" in lines[-1]:
        fix = "in the folder deployment: docker compose unpause"
    return ServerError(f"Docker Compose cannot start the stack: {lines[-1]}.", fix)


def _make_passwords() -> None:
    """Give each database a password of its own, once: the volume remembers it.

    Hexadecimal, because Compose puts it into an address and cannot escape it there.
    """
    settings = load_settings()
    for name in PASSWORDS:
        if not settings.value(name):
            set_key(ENV_FILE, name, secrets.token_hex(16), quote_mode="never")
    ENV_FILE.chmod(0o600)


def _require_port(services_now: list[Service]) -> None:
    try:
        port_for_the_stack(services_now)
    except CourseError as error:
        raise ServerError(f"Port {load_settings().api_port}: {error.what}.", error.fix) from None


def port_for_the_stack(services_now: list[Service]) -> str:
    """Check that the stack's port is free, or held by the stack itself.

    Args:
        services_now: the stack's services.

    Raises:
        CourseError: another program holds it.
    """
    port = load_settings().api_port
    if any(service.name == API and service.state == "running" for service in services_now):
        return f"{port} is the running stack's"
    fix = f"stop that program, or write another port into {ENV_FILE}: API_PORT={port + 1}"
    return ports.port(port, "the stack", fix)


def _up_with_images() -> None:
    docker.require()
    prepare_env_file()
    load_bundled()
    if missing_images():
        make_images()
    up()


def main(arguments: list[str]) -> None:
    """Run the command line; a foreseeable failure ends it with its sentence."""
    with ending_with_a_sentence():
        match arguments:
            case ["up"]:
                _up_with_images()
            case ["stop"]:
                stop()
                print("Stopped. The containers are kept: make up starts them again.")
            case ["restart"]:
                restart()
            case ["down"]:
                down()
                print("Stopped. The data is kept: make up brings it back.")
            case ["down", "volumes"]:
                down(volumes=True)
                print("Stopped, and the data is deleted.")
            case ["logs"]:
                follow_logs()
            case _:
                raise CourseError(f"Unknown command: {' '.join(arguments)}.", "see `make help`")


if __name__ == "__main__":
    main(sys.argv[1:])
