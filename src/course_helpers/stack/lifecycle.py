"""The stack of `deployment/docker-compose.yml`: start, stop, restart, remove; run a command."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from dotenv import set_key

from course_helpers.core import docker_checks, ports
from course_helpers.core.errors import BuildError, CourseError, ServerError
from course_helpers.core.processes import NOT_STARTED, last_words
from course_helpers.core.settings import ENV_FILE, GRAPH, load_settings, prepare_env_file
from course_helpers.images.names import missing_images
from course_helpers.stack.compose import API, PASSWORDS, data_volumes, run_compose, services
from course_helpers.stack.containers import Service, execute
from course_helpers.stack.starting import DOWN_TIMEOUT, start

UP_TIMEOUT = 120.0  # seconds; 10 to 20 are usual, on fresh volumes too
RUN_TIMEOUT = 60.0  # seconds for a command inside a container


def up(timeout: float = UP_TIMEOUT, graphs: Sequence[str] = (GRAPH,)) -> str:
    """Start the stack, wait until the server has loaded its graphs, and return its address.

    What runs already is left alone, unless its image or settings have changed.

    Args:
        timeout: seconds to wait.
        graphs: those that must be loaded.

    Raises:
        DockerError: there is no Docker that can run it.
        BuildError: an image is missing.
        ServerError: a service ended, or did not become ready; the sentence says why.
        SettingsError: `deployment/.env` is invalid.
    """
    prepare()
    before, data = services(), data_volumes()
    _require_port(before)
    try:
        return start(("up", "--detach", "--remove-orphans"), timeout, graphs)
    except KeyboardInterrupt:
        if not before:
            print("Stopping what was started ...", flush=True)
            down(volumes=not data)  # earlier data stays; a half-made database does not
        raise


def prepare() -> None:
    """Check or make what any start of the stack needs: Docker, settings, passwords, images.

    Raises:
        DockerError: there is no Docker that can run it.
        BuildError: an image is missing.
        SettingsError: `deployment/.env` is invalid.
    """
    docker_checks.require()
    prepare_env_file()
    _make_passwords()
    if missing := missing_images():
        raise BuildError(f"There is no image {', '.join(missing)} here.", "make images")


def restart(*names: str, timeout: float = UP_TIMEOUT) -> str:
    """Restart services, wait until the stack is ready, and return its address.

    Args:
        names: which services; by default all.
        timeout: seconds to wait.

    Raises:
        DockerError: there is no Docker that can run it.
        ServerError: nothing runs that could be restarted, or it did not become ready.
    """
    docker_checks.require()
    if not services():
        raise ServerError("The stack is not running, so nothing can be restarted.", "make up")
    return start(("restart", *names), timeout, (GRAPH,))


def stop(*names: str) -> None:
    """Stop services and keep their containers: `up` starts them again.

    Args:
        names: which services; by default all.

    Raises:
        DockerError: there is no Docker.
        ServerError: they could not be stopped.
    """
    docker_checks.require()
    run_compose("stop", *names, timeout=DOWN_TIMEOUT)


def down(volumes: bool = False) -> None:
    """Stop the stack and remove its containers and networks.

    Args:
        volumes: delete its data too: threads, memories, runs.

    Raises:
        DockerError: there is no Docker.
        ServerError: it could not be stopped.
    """
    docker_checks.require()
    options = ["--volumes"] if volumes else []
    run_compose("down", "--remove-orphans", *options, timeout=DOWN_TIMEOUT)


def run_in(service: str, *command: str, timeout: float = RUN_TIMEOUT) -> str:
    """Run a command in a service's container and return what it prints.

    Args:
        service: which, for instance `langgraph-postgres`.
        command: the program and its arguments.
        timeout: seconds for it to end.

    Raises:
        DockerError: there is no Docker.
        ServerError: the service does not run, or the command failed.
    """
    found = next((each for each in services() if each.name == service), None)
    said = f'service "{service}" is not running'
    if found is not None and found.state == "running":
        answer = execute(found.container, command, timeout)
        if answer.code == 0:
            return answer.out
        if answer.code != NOT_STARTED:  # then it has ended meanwhile
            said = last_words(answer.err or answer.out)
    raise ServerError(
        f"`docker compose exec` failed: {said}.", "look at: make logs; then try again"
    )


def _make_passwords() -> None:
    """Make a password for each database that has none: its volume keeps the first one.

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
