"""Containers as plain data: their states, logs and exits; and commands run in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course_helpers.core import docker
from course_helpers.core.processes import NOT_STARTED, TOO_SLOW, Answer

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT = 15.0  # seconds
DAY = 86_400.0  # seconds
KILLED = 137  # 128 + SIGKILL


@dataclass(frozen=True)
class Service:
    """One service of the stack, as its container is now.

    Attributes:
        name: the service's name in the compose file.
        container: the container's id.
        image: the image it runs.
        state: Docker's word: `created`, `running`, `restarting`, `exited`, `paused` or `dead`.
        health: `starting`, `healthy` or `unhealthy`; empty without a health check.
        exit_code: of its last end; 0 while it has not ended.
        out_of_memory: whether its memory limit ended it.
        restarts: how often Docker has started it again since it was last started by hand.
        memory_limit: bytes; 0 for none.
        started: when it was last started, by Docker's clock.
    """

    name: str
    container: str
    image: str
    state: str
    health: str = ""
    exit_code: int = 0
    out_of_memory: bool = False
    restarts: int = 0
    memory_limit: int = 0
    started: str = ""

    @property
    def ready(self) -> bool:
        """Whether it runs, and is healthy if it has a health check."""
        return self.state == "running" and self.health in ("", "healthy")

    @property
    def ended(self) -> bool:
        """Whether it has ended, and Docker does not start it again."""
        return self.state in ("exited", "dead")

    @property
    def failed(self) -> bool:
        """Whether it ended with an error, or Docker has restarted it."""
        with_an_error = self.ended and self.exit_code != 0
        return with_an_error or self.state == "restarting" or self.restarts > 0

    def __str__(self) -> str:
        if self.state == "exited":
            return f"exited with code {self.exit_code}" if self.exit_code else "stopped"
        return self.health if self.state == "running" and self.health else self.state


def find_services(project: str, timeout: float = TIMEOUT) -> list[Service]:
    """Return the services of a compose project that have a container, sorted by name.

    While Compose replaces a container there are two of a service: the newer one counts.

    Args:
        project: its name.
        timeout: seconds for each answer of Docker.

    Raises:
        DockerError: Docker does not answer.
    """
    labels = [f"project={project}", "oneoff=False"]  # not what `docker compose run` started
    filters: Any = {"label": [f"com.docker.compose.{label}" for label in labels]}
    with docker.client(timeout) as engine:
        listed = engine.containers.list(all=True, filters=filters, ignore_removed=True)
        found = sorted((each.attrs for each in listed), key=lambda each: str(each["Created"]))
        newest = {_service_name(each): each for each in found}
        return [_service(engine, newest[name]) for name in sorted(newest)]


def _service_name(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def _service(engine: DockerClient, container: dict[str, Any]) -> Service:
    state = container["State"]
    dead = last_death(engine, container["Id"]) if container["RestartCount"] else (0, False)
    return Service(
        name=_service_name(container),
        container=container["Id"],
        image=container["Config"]["Image"],
        state=state["Status"],
        health=state.get("Health", {}).get("Status", ""),
        exit_code=state["ExitCode"] or dead[0],
        out_of_memory=state["OOMKilled"] or dead[1],
        restarts=container["RestartCount"],
        memory_limit=container["HostConfig"]["Memory"],
        started=state["StartedAt"],
    )


def last_death(engine: DockerClient, container: str) -> tuple[int, bool]:
    """Return how a container last ended: its exit code, and whether memory was the reason.

    Docker forgets both when it starts the container again. Its events tell, of which it keeps the
    last 256: for a minute or so, because each health check makes three.

    Args:
        engine: a client of it.
        container: its id.
    """
    wanted = {"container": [container], "event": ["die", "oom"]}
    code, of_memory, since_last = 0, False, False
    for event in docker.past_events(engine, wanted, DAY):
        if event["Action"] == "oom":
            since_last = True
        else:
            code = int(event["Actor"]["Attributes"]["exitCode"])
            of_memory, since_last = since_last, False
    return code, of_memory or since_last  # Docker may tell of the memory after the end


def execute(container: str, command: Sequence[str], timeout: float = TIMEOUT) -> Answer:
    """Run a command in a running container to its end, as `docker exec` does.

    Args:
        container: its name or id.
        command: the program and its arguments.
        timeout: seconds for it to end.

    Returns:
        Its exit code and what it printed; `TOO_SLOW` if it has not ended in time, `NOT_STARTED` if
        there is no such container, or it does not run.

    Raises:
        DockerError: Docker does not answer.
    """
    with docker.client(timeout) as engine, docker.unless_gone() as reasons:
        asked = engine.api.exec_create(container, list(command))
        try:
            with docker.telling_time_outs():
                out, err = docker.exec_output(engine, asked["Id"])
        except TimeoutError:
            return Answer(TOO_SLOW, err=f"no answer within {timeout:g} s")
        code = engine.api.exec_inspect(asked["Id"])["ExitCode"]
        return Answer(code, docker.text_of(out), docker.text_of(err))
    return Answer(NOT_STARTED, err=reasons[0])


def run_alone(
    image: str, command: Sequence[str], timeout: float = TIMEOUT, **options: Any
) -> Answer:
    """Run a command to its end in a new container without a network, and remove that.

    Args:
        image: its name; it is not pulled.
        command: the program, in place of the image's own, and its arguments.
        timeout: seconds for it to end.
        options: of `docker.models.containers.ContainerCollection.create`.

    Returns:
        Its exit code and what it printed; `TOO_SLOW` if it has not ended in time.

    Raises:
        DockerError: Docker does not answer in time, or refuses.
        docker.errors.NotFound: there is no such image.
    """
    program, *arguments = command
    with docker.client(timeout) as engine:
        made = engine.containers.create(
            image, arguments, entrypoint=[program], network_mode="none", **options
        )
        try:
            with docker.telling_time_outs():
                made.start()
                code = int(made.wait(timeout=timeout)["StatusCode"])
                out, err = made.logs(stderr=False), made.logs(stdout=False)
        except TimeoutError:
            return Answer(TOO_SLOW, err=f"no answer within {timeout:g} s")
        finally:
            made.remove(force=True, v=True)
    return Answer(code, docker.text_of(out), docker.text_of(err))


def read_environment(container: str) -> list[str]:
    """Return the variables that a container was given, as `NAME=value`; none if it is removed.

    Args:
        container: its name or id.

    Raises:
        DockerError: Docker does not answer.
    """
    with docker.client() as engine, docker.unless_gone():
        return list(engine.api.inspect_container(container)["Config"]["Env"] or [])
    return []


def read_log(container: str, lines: int = 200) -> str:
    """Return the last lines of a container's log; an empty text if it has been removed.

    Args:
        container: its name or id.
        lines: how many.

    Raises:
        DockerError: Docker does not answer.
    """
    with docker.client(TIMEOUT) as engine, docker.unless_gone():
        return docker.text_of(engine.api.logs(container, tail=lines))
    return ""
