"""Containers started with `docker run` in a lesson: the agent's image and its two databases.

Their names differ from the stack's, so the two never conflict. They are removed together: at the
end of the lesson, when the lesson begins again, and when its kernel ends.
"""

from __future__ import annotations

import atexit
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from course_helpers.core import docker_checks
from course_helpers.core.errors import BuildError, DockerError, SettingsError
from course_helpers.core.settings import ENV_FILE, GRAPH, load_settings
from course_helpers.core.terminal import run_typed
from course_helpers.images import names
from course_helpers.images.build import image_sources
from course_helpers.lanes import Deployment
from course_helpers.practice import cleanup
from course_helpers.practice.builds import take_replaced
from course_helpers.practice.waiting import POSTGRES_READY, answers, published, wait_until_ready
from course_helpers.server.probe import missing_graphs, server_info
from course_helpers.stack import compose

_DATABASES = {  # service -> the setting that names its image, and the command to run in it
    "redis": ("REDIS_IMAGE", """ sh -c 'exec redis-server --requirepass "$REDIS_PASSWORD"'"""),
    "postgres": ("POSTGRES_IMAGE", ""),
}
_READY = {
    "redis": ("redis-cli", "ping"),
    "postgres": POSTGRES_READY,
}


class PracticeContainers:
    """The images, containers and network of one lesson, under one name.

    Creating an object removes what an earlier, interrupted run of the lesson has left.

    Attributes:
        name: of the images and the network, and the prefix of the containers' names:
            `task-maistro-lesson`.

    Raises:
        DockerError: Docker cannot build and run images.
        SettingsError: `BASE_IMAGE` names another base than the licence-free engine.
    """

    def __init__(self) -> None:
        docker_checks.require(build=True)
        if base := load_settings().value("BASE_IMAGE"):
            raise SettingsError(
                f"This lesson builds on the licence-free engine, and BASE_IMAGE is {base}.",
                f"write BASE_IMAGE= in {ENV_FILE} for its duration; then run this cell again",
            )
        self.name = f"{compose.project_name()}-lesson"
        self.remove()
        atexit.register(self._remove_at_exit)

    def __repr__(self) -> str:
        return (
            "Lane    open: the images of this lesson stand on the licence-free engine\n"
            f"Name    {self.name}: images, containers and a network, removed at the end"
        )

    def start_databases(self, env_file: str, folder: Path | str = ".") -> None:
        """Start Redis and Postgres in a network of their own, and wait until both answer.

        No port is published: only containers in that network reach them, by the names `redis`
        and `postgres`. Their data is deleted with them.

        Args:
            env_file: the file with REDIS_PASSWORD, POSTGRES_PASSWORD and POSTGRES_DB, as
                `docker run --env-file` reads it.
            folder: where to run the commands.

        Raises:
            ServerError: one of them did not start, stopped, or was not ready within a minute.
        """
        started = time.monotonic()
        if self.name not in self.left():
            run_typed(f"docker network create {self.name}")
        for service, (variable, program) in _DATABASES.items():
            self.stop(service)
            image = f"${{{variable}:-{names.OFFICIAL[variable]}}}"
            options = f"--network-alias {service} --env-file {env_file}"
            command = self._run_command(service, options, image + program)
            run_typed(command, folder, {image: names.base_image(load_settings(), variable)})
        for service in _DATABASES:
            ready = partial(self._answers, service)
            wait_until_ready(self._container(service), service, ready)
        print(f"Both answer after {time.monotonic() - started:.1f} s.")

    def start_agent(
        self, image: str, *env_files: str, folder: Path | str = ".", service: str = "agent"
    ) -> Deployment:
        """Start a container of the agent's image, and return its deployment when it is ready.

        Args:
            image: its name, with its tag.
            env_files: files of variables; a later value of a variable overrides an earlier one.
            folder: where to run the command.
            service: the container's name, after the lesson's.

        Raises:
            BuildError: the image does not exist.
            ServerError: the container did not start, or was not ready within a minute; or it
                stopped, and the message says why, from its log.
        """
        if image_sources(image) is None:
            raise BuildError(f"There is no image {image} here.", "run the cell that builds it")
        self.stop(service)
        started = time.monotonic()
        files = " ".join(f"--env-file {file}" for file in env_files)
        options = f"--publish 127.0.0.1::8000 {files}"  # at a free port, which Docker finds
        run_typed(self._run_command(service, options, image), folder)
        wait_until_ready(
            self._container(service),
            service,
            lambda: missing_graphs(self._url(service), [GRAPH]) == [],
        )
        print(f"Ready after {time.monotonic() - started:.1f} s.")
        return self._deployment(self._url(service), Path(folder) / env_files[0])

    def stop(self, *services: str) -> None:
        """Remove containers, with their data.

        Args:
            services: their names, after the lesson's: `agent`, `redis`, `postgres`.
        """
        cleanup.remove_containers(self._container(service) for service in services)

    def left(self) -> list[str]:
        """Return the names of this lesson's containers, network and images that are there."""
        return cleanup.left(self.name)

    def remove(self) -> None:
        """Remove all containers, images and the network, with the databases' data."""
        cleanup.remove(self.name, take_replaced())

    def _remove_at_exit(self) -> None:
        with suppress(DockerError):
            if self.left():
                cleanup.remove_soon(self.name, take_replaced())

    def _container(self, service: str) -> str:
        return f"{self.name}-{service}"

    def _run_command(self, service: str, options: str, image: str) -> str:
        name = f"--name {self._container(service)} --network {self.name}"
        return f"docker run --detach {name} {options} {image}"

    def _answers(self, service: str) -> bool:
        return answers(self._container(service), _READY[service])

    def _url(self, service: str) -> str:
        return f"http://{published(self._container(service), 8000) or '127.0.0.1:0'}"

    def _deployment(self, url: str, env_file: Path) -> Deployment:
        info = server_info(url) or {}
        return Deployment(
            url=url,
            lane="open",
            reason="the image that you built, started with docker run",
            engine=f"the open engine ({info.get('name')} {info.get('version')}, no licence needed)",
            model=load_settings(env_file, environ={}).model_label,
            store="Postgres, in a container of this lesson: its data goes with it",
        )
