"""A Postgres with a port on this computer, which a notebook can connect to.

The stack's Postgres publishes no port, and should not. This one begins empty, and is removed with
its data: at the end of the lesson, when the lesson begins again, and when its kernel ends.
"""

from __future__ import annotations

import atexit
import secrets
import time
from contextlib import suppress

from course_helpers.core import docker_checks
from course_helpers.core.errors import DockerError
from course_helpers.core.settings import load_settings
from course_helpers.core.terminal import run_typed
from course_helpers.images.names import base_image
from course_helpers.practice import cleanup
from course_helpers.practice.waiting import POSTGRES_READY, answers, published, wait_until_ready
from course_helpers.stack.compose import project_name

_PORT, _IMAGE, _PASSWORD = "127.0.0.1::5432", "${POSTGRES_IMAGE}", "${POSTGRES_PASSWORD}"


class PracticeDatabase:
    """An empty Postgres in a container. The constructor waits until it answers.

    Attributes:
        uri: its address, with the password.

    Raises:
        DockerError: there is no Docker.
        ServerError: it did not start, stopped, or was not ready within a minute.
    """

    def __init__(self) -> None:
        docker_checks.require()
        self._project = f"{project_name()}-database"
        self._container = f"{self._project}-postgres"
        self.remove()
        atexit.register(self._remove_at_exit)
        started, password = time.monotonic(), secrets.token_hex(16)
        values = {_IMAGE: base_image(load_settings(), "POSTGRES_IMAGE")}
        options = f"--publish {_PORT} --env POSTGRES_PASSWORD={_PASSWORD}"
        command = f"docker run --detach --name {self._container} {options} {_IMAGE}"
        run_typed(command, values={**values, _PASSWORD: password})
        wait_until_ready(self._container, "postgres", self._answers)
        self.uri = f"postgresql://postgres:{password}@{self._address()}/postgres"
        print(f"It answers after {time.monotonic() - started:.1f} s.")

    def __repr__(self) -> str:
        return "PracticeDatabase: an empty Postgres, removed at the end"

    def remove(self) -> None:
        """Remove it with its data."""
        cleanup.remove(self._project)

    def _answers(self) -> bool:
        return answers(self._container, POSTGRES_READY)

    def _address(self) -> str:
        """Return host:port; Docker chooses the port."""
        return published(self._container, 5432)

    def _remove_at_exit(self) -> None:
        with suppress(DockerError):
            if cleanup.left(self._project):
                cleanup.remove_soon(self._project)
