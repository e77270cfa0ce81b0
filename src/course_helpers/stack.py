"""The stack of `deployment/docker-compose.yml`: start, stop, and what its services say.

python -m course_helpers.stack up               start it, and make what it needs
python -m course_helpers.stack down [volumes]   stop it, and with "volumes" delete its data
python -m course_helpers.stack logs             follow its logs
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from dotenv import set_key

from course_helpers import images, network_checks
from course_helpers.commands import ask, ending_with_a_sentence
from course_helpers.containers import TIMEOUT, Service, find_services, read_log, summary
from course_helpers.dev_server import missing_graphs
from course_helpers.errors import BuildError, CourseError, ServerError
from course_helpers.log_reader import explain, log_line
from course_helpers.settings import DEPLOYMENT, ENV_FILE, GRAPH, Settings, load_settings
from course_helpers.working_copies import prepare_env_file

API = "langgraph-api"
UP_TIMEOUT = 120.0  # seconds; 10 to 20 are usual, on fresh volumes too
DOWN_TIMEOUT = 90.0  # seconds; runs get 30 of them to end
PASSWORDS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD")
_POLL = 0.3  # seconds


def stack_url(settings: Settings | None = None) -> str:
    """Return where the stack's server answers when it is up."""
    return f"http://127.0.0.1:{(settings or load_settings()).api_port}"


def project_name(settings: Settings | None = None) -> str:
    """Return the name that Docker Compose puts in front of the stack's containers."""
    return (settings or load_settings()).value("COMPOSE_PROJECT_NAME", "task-maistro")


def services(timeout: float = TIMEOUT) -> list[Service]:
    """Return the stack's services that have a container.

    Args:
        timeout: seconds for Docker to answer.

    Raises:
        DockerError: Docker does not answer.
    """
    return find_services(project_name(), timeout)


def compose_command(*arguments: str) -> list[str]:
    """Return the command line for Docker Compose with the course's file and settings."""
    env_file = ["--env-file", str(ENV_FILE)] if ENV_FILE.exists() else []
    return ["docker", "compose", *env_file, "--file", str(_FILE), *arguments]


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
    images.require_docker()
    prepare_env_file()
    _make_passwords()
    if missing := images.missing_images():
        raise BuildError(f"There is no image {', '.join(missing)} here.", "make images")
    before = services()
    _require_port(before)
    try:
        return _start(timeout, graphs)
    except KeyboardInterrupt:
        if not before:
            print("Stopping what was started ...", flush=True)
            down()
        raise


def _start(timeout: float, graphs: Sequence[str]) -> str:
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            compose_command("up", "--detach", "--remove-orphans"),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = _follow(process, started + timeout, graphs)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if url is None:
            log.seek(0)
            raise _compose_error(log.read())
    print(f"Ready after {time.monotonic() - started:.1f} s: {url}", flush=True)
    return url


def _follow(process: subprocess.Popen[bytes], deadline: float, graphs: Sequence[str]) -> str | None:
    """Print each change of state until the server is ready; None if compose gave up itself."""
    url, seen = stack_url(), ""
    while True:
        now = services()
        if (line := summary(now)) != seen:
            print(line, flush=True)
            seen = line
        if failed := [service for service in now if service.failed]:
            raise _failure(failed[0])
        if process.poll() not in (None, 0):
            return None
        if process.poll() == 0 and now and missing_graphs(url, list(graphs)) == []:
            return url
        if time.monotonic() > deadline:
            slow = next((service for service in now if not service.ready), None)
            seen = f"{slow.name} is {slow}" if slow else f"{url} does not answer with its graphs"
            raise ServerError(f"The stack is not ready in time: {seen}.", "look at: make logs")
        time.sleep(_POLL)


def _failure(service: Service) -> ServerError:
    """Return why a service ended; and stop it, or Docker would start it again and again."""
    ask(["docker", "stop", service.container], DOWN_TIMEOUT)
    reading = explain(service, read_log(service.container))
    return ServerError(f"{reading.what}.", reading.fix)


def _compose_error(output: str) -> CourseError:
    """Return what Docker Compose had to say when it gave up, as an error with a fix."""
    if failed := [service for service in services() if service.failed]:
        return _failure(failed[0])
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it says nothing"]
    fix = "correct that, then: make up"
    if "address already in use" in lines[-1] or "port is already allocated" in lines[-1]:
        fix = f"write another port into {ENV_FILE}: API_PORT=8124; then: make up"
    return ServerError(f"Docker Compose cannot start the stack: {lines[-1]}.", fix)


def down(volumes: bool = False) -> None:
    """Stop the stack and remove its containers and networks.

    Args:
        volumes: delete its data too: threads, memories, runs.

    Raises:
        DockerError: there is no Docker.
        ServerError: it could not be stopped.
    """
    images.require_docker()
    options = ["--volumes"] if volumes else []
    answer = ask(
        compose_command("down", "--remove-orphans", *options), DOWN_TIMEOUT, environ=_environment()
    )
    if answer.code != 0:
        said = (answer.err or "it says nothing").splitlines()[-1]
        raise ServerError(f"The stack could not be stopped: {said}.", "run it again: make down")


def follow_logs() -> None:
    """Print the logs of all services as they come, until Ctrl-C.

    Raises:
        DockerError: there is no Docker, or nothing runs.
    """
    images.require_docker()
    if not services():
        raise ServerError("The stack is not running, so it has no logs.", "make up")
    command = compose_command("logs", "--follow", "--tail", "50", "--no-color")
    with subprocess.Popen(
        command, env=_environment(), stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(log_line(line), flush=True)


def read_api_log() -> str:
    """Return the last lines of the server's log, for people.

    Raises:
        DockerError: Docker does not answer.
    """
    containers = [service.container for service in services() if service.name == API]
    lines = read_log(containers[0]).splitlines() if containers else []
    return "\n".join(log_line(line) for line in lines)


def _environment() -> dict[str, str]:
    """Return Compose's environment; `down` and `logs` must work without passwords too."""
    settings = load_settings()
    return {**os.environ, **{name: settings.value(name, "unset") for name in PASSWORDS}}


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
    return network_checks.port(port, "the stack", fix)


_FILE = DEPLOYMENT / "docker-compose.yml"


def main(arguments: list[str]) -> None:
    """Run the command line; a foreseeable failure ends it with its sentence."""
    with ending_with_a_sentence():
        match arguments:
            case ["up"]:
                images.require_docker()
                prepare_env_file()
                images.load_bundled()
                if images.missing_images():
                    images.make_images()
                up()
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
