"""The stack's containers as plain data: what each is doing, and how one died.

Read through Docker's command line, which knows the context (Docker Desktop, Colima, a remote
host) that the user has chosen; Docker's Python library does not.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from course_helpers.core.docker import ask_docker
from course_helpers.core.processes import run

TIMEOUT = 15.0  # seconds
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
        """Whether it runs, and is healthy if it says."""
        return self.state == "running" and self.health in ("", "healthy")

    @property
    def ended(self) -> bool:
        """Whether it has ended, and Docker does not start it again."""
        return self.state in ("exited", "dead")

    @property
    def failed(self) -> bool:
        """Whether it ended with an error, or ended and was started again by Docker."""
        with_an_error = self.ended and self.exit_code != 0
        return with_an_error or self.state == "restarting" or self.restarts > 0

    def __str__(self) -> str:
        if self.state == "exited":
            return f"exited with code {self.exit_code}" if self.exit_code else "stopped"
        return self.health if self.state == "running" and self.health else self.state


def find_services(project: str, timeout: float = TIMEOUT) -> list[Service]:
    """Return the services of a compose project that have a container, by name.

    While Compose replaces a container there are two of a service: the newer one counts.

    Args:
        project: its name.
        timeout: seconds for each question to Docker.

    Raises:
        DockerError: Docker does not answer.
    """
    labels = [f"project={project}", "oneoff=False"]  # not what `docker compose run` started
    filters = [f"--filter=label=com.docker.compose.{label}" for label in labels]
    ids = ask_docker("container", "ls", "--all", "--quiet", *filters, timeout=timeout).split()
    if not ids:
        return []
    answer = run(["docker", "container", "inspect", *ids], timeout)
    found = json.loads(answer.out or "[]")  # what was removed in between is left out
    newest = {_name(each): each for each in sorted(found, key=lambda each: str(each["Created"]))}
    return [_service(newest[name]) for name in sorted(newest)]


def _name(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def _service(container: dict[str, Any]) -> Service:
    state = container["State"]
    dead = last_death(container["Id"]) if container["RestartCount"] else (0, False)
    return Service(
        name=_name(container),
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


def last_death(container: str) -> tuple[int, bool]:
    """Return how a container last ended: its exit code, and whether memory was the reason.

    Docker forgets both when it starts the container again; its events remember.
    """
    kinds = ["--filter", "event=die", "--filter", "event=oom"]
    # Until now to the microsecond: "0s" would leave out what has happened in this second.
    window = ["--since", "24h", "--until", f"{time.time():.6f}", "--format", "{{json .}}"]
    lines = ask_docker("events", "--filter", f"container={container}", *kinds, *window).splitlines()
    events = [json.loads(line) for line in lines]
    codes = [int(e["Actor"]["Attributes"]["exitCode"]) for e in events if e["Action"] == "die"]
    return (codes[-1] if codes else 0), any(event["Action"] == "oom" for event in events)


def read_log(container: str, lines: int = 200) -> str:
    """Return the last lines that a container has printed.

    Raises:
        DockerError: Docker does not answer.
    """
    command = ["docker", "logs", "--tail", str(lines), container]
    return run(command, TIMEOUT, together=True).out
