"""A second stack that a lesson may break or delete, so that the learner's own data is safe."""

from __future__ import annotations

import atexit
import io
import os
import secrets
from collections.abc import Callable
from contextlib import redirect_stdout

from course_helpers.core.ports import free_port
from course_helpers.core.terminal import show_command
from course_helpers.practice import cleanup
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import override_file, project_name


class PracticeStack:
    """The same compose file as a project of its own, with its own port, password and volumes.

    In a block `with practice:`, functions such as `query`, `read_logs`, `list_services` and
    `stack.down` act on this stack. It begins empty and without a fault, whatever an earlier one
    left behind when its kernel was killed, and is removed with its data when the kernel ends.

    Attributes:
        settings: its variables, which override those of `deployment/.env`. After a change, `up`
            recreates the affected containers.

    Raises:
        DockerError: there is no Docker.
    """

    def __init__(self) -> None:
        self.settings = {
            "COMPOSE_PROJECT_NAME": f"{project_name()}-practice",
            "API_PORT": str(free_port()),
            "POSTGRES_PASSWORD": secrets.token_hex(16),
        }
        self._before: list[dict[str, str | None]] = []
        self.remove()
        atexit.register(self._remove_at_exit)

    @property
    def url(self) -> str:
        """The address of its server."""
        return f"http://127.0.0.1:{self.settings['API_PORT']}"

    def __repr__(self) -> str:
        return f"PracticeStack: {self.settings['COMPOSE_PROJECT_NAME']}"

    def __enter__(self) -> PracticeStack:
        self._before.append({name: os.environ.get(name) for name in self.settings})
        os.environ.update(self.settings)
        return self

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.pop().items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    def up(self) -> str:
        """Start it, or what has changed in it, wait until it is ready, and return its address.

        Raises:
            CourseError: as `stack.up` does; the message says why a service failed.
        """
        self._made = True
        return self._quietly("up --detach", lifecycle.up)

    def restart(self, *services: str) -> str:
        """Stop services and start the same containers again, wait, and return its address.

        Args:
            services: their names; by default all.

        Raises:
            CourseError: as `stack.restart` does.
        """
        return self._quietly(" ".join(["restart", *services]), lambda: lifecycle.restart(*services))

    def remove(self) -> None:
        """Remove its containers, networks and data, and what a fault has made.

        Raises:
            CourseError: as `stack.down` does.
        """
        with self:
            override_file().unlink(missing_ok=True)
            lifecycle.down(volumes=True)
            cleanup.remove(project_name())
        self._made = False

    def _quietly(self, typed: str, start: Callable[[], str]) -> str:
        """Start services, and print only the last line: the others differ from run to run."""
        name, *others = self.settings
        variables = [f"{name}={self.settings[name]}", *(f"{other}=…" for other in others)]
        show_command(f"{' '.join(variables)} docker compose {typed}")
        said = io.StringIO()
        with self, redirect_stdout(said):
            url = start()
        print(said.getvalue().splitlines()[-1])
        return url

    def _remove_at_exit(self) -> None:
        if self._made:
            with self:
                override_file().unlink(missing_ok=True)
                cleanup.remove_soon(project_name())
