"""The stack as a Compose project: its command line, its settings, its services."""

from __future__ import annotations

import os
from pathlib import Path

from course_helpers.core import docker
from course_helpers.core.errors import ServerError
from course_helpers.core.processes import Answer, last_words, run
from course_helpers.core.settings import DEPLOYMENT, ENV_FILE, ROOT, Settings, load_settings
from course_helpers.stack.containers import TIMEOUT, Service, find_services

FILE = DEPLOYMENT / "docker-compose.yml"
API, POSTGRES, REDIS = "langgraph-api", "langgraph-postgres", "langgraph-redis"
SERVICES = (API, POSTGRES, REDIS)
PASSWORDS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD")


def project_name(settings: Settings | None = None) -> str:
    """Return the name that Docker Compose puts in front of the stack's containers."""
    return (settings or load_settings()).value("COMPOSE_PROJECT_NAME", "task-maistro")


def stack_url(settings: Settings | None = None) -> str:
    """Return where the stack's server answers when it is up."""
    return f"http://127.0.0.1:{(settings or load_settings()).api_port}"


def services(timeout: float = TIMEOUT) -> list[Service]:
    """Return the stack's services that have a container.

    Args:
        timeout: seconds for Docker to answer.

    Raises:
        DockerError: Docker does not answer.
    """
    return find_services(project_name(), timeout)


def data_volumes() -> list[str]:
    """Return the names of the volumes that hold the stack's data.

    Raises:
        DockerError: Docker does not answer.
    """
    label = f"com.docker.compose.project={project_name()}"
    with docker.client() as engine:
        return [volume.name for volume in engine.volumes.list(filters={"label": label})]


def override_file() -> Path:
    """Return the path of an optional compose file that is read after the stack's own.

    A fault of lesson 09 writes it, for the practice stack's project only.
    """
    return ROOT / "build" / f"{project_name()}.override.json"


def compose_command(*arguments: str) -> list[str]:
    """Return the command line for Docker Compose with the course's file and settings.

    In the folder `deployment`, `docker compose` finds both by itself.
    """
    env_file = ["--env-file", str(ENV_FILE)] if ENV_FILE.exists() else []
    override = ["--file", str(override_file())] if override_file().exists() else []
    return ["docker", "compose", *env_file, "--file", str(FILE), *override, *arguments]


def compose_environment() -> dict[str, str]:
    """Return Compose's environment; `down` and `logs` must work without passwords too."""
    settings = load_settings()
    return {**os.environ, **{name: settings.value(name, "unset") for name in PASSWORDS}}


def run_compose(*arguments: str, timeout: float) -> Answer:
    """Run a command of Docker Compose to its end.

    Args:
        arguments: the command and its options.
        timeout: seconds.

    Raises:
        ServerError: it failed.
    """
    answer = run(compose_command(*arguments), timeout, environ=compose_environment())
    if answer.code != 0:
        said = last_words(answer.err or answer.out)
        raise ServerError(
            f"`docker compose {arguments[0]}` failed: {said}.", "look at: make logs; then try again"
        )
    return answer


def container_of(service: str) -> str:
    """Return the id of a service's container.

    Args:
        service: for instance `langgraph-api`.

    Raises:
        DockerError: Docker does not answer.
        ServerError: the service has no container.
    """
    container = next((s.container for s in services() if s.name == service), None)
    if container is None:
        raise ServerError(f"{service} has no container.", "make up")
    return container
