"""Ways to break a practice stack, each undone by `mend`.

A second compose file overrides services, with another volume or image where needed. So the stack's
own volumes and images, and the learner's stack, are never touched. The second file is also the
journal: while it exists, something is broken, and a new `PracticeStack` deletes it together with
whatever else a killed kernel has left.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tempfile
import time
from collections.abc import MutableMapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

from course_helpers.core import docker
from course_helpers.core.errors import BuildError, CourseError, DockerError
from course_helpers.core.processes import last_words, run
from course_helpers.core.settings import GRAPH, load_settings
from course_helpers.images.names import base_image, stack_images
from course_helpers.practice import cleanup, port_holder
from course_helpers.practice.stack import PracticeStack
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import override_file, run_compose, services
from course_helpers.stack.containers import run_alone

TIMEOUT = 60.0  # seconds for a command of Docker
DATA = "/var/lib/postgresql/data"  # where Postgres's volume is mounted
GRACE = "0"  # seconds that a service gets to stop: committed data survives a kill


class BrokenStack:
    """A practice stack that is being broken, until `mend`.

    Args:
        practice: the stack; it is started if it does not run.

    Raises:
        CourseError: it is broken already, or cannot be started.
    """

    def __init__(self, practice: PracticeStack) -> None:
        self._practice = practice
        self._project = practice.settings["COMPOSE_PROJECT_NAME"]
        self._volume, self._image = f"{self._project}_another", f"{self._project}:changed"
        # The former values of settings, each with that of the environment variable.
        self._replaced: dict[str, tuple[str | None, str | None]] = {}
        self._disturbed: set[str] = set()
        self._holder: subprocess.Popen[bytes] | None = None
        self._id = uuid4().hex
        self._services: dict[str, Any] = {}  # of the second compose file
        self._volumes: dict[str, Any] = {}
        with practice:
            self._file = override_file()
        if self._file.exists():
            raise CourseError(
                f"{practice!r} is broken already.", "mend that first: mend(), or practice.remove()"
            )
        if missing_graphs(practice.url, [GRAPH]) != []:
            practice.up()
        print("Breaking the practice stack …", flush=True)
        self._write()

    def set(self, name: str, value: str) -> None:
        """Change a setting."""
        before = self._practice.settings.get(name), os.environ.get(name)
        self._replaced.setdefault(name, before)
        self._practice.settings[name] = value

    def kill(self, service: str) -> None:
        """Kill a service, as the system does when it runs out of memory."""
        self._disturbed.add(service)
        self._compose("kill", service)

    def remove(self, service: str) -> None:
        """Remove a service's container, as when somebody has stopped the stack."""
        with self._practice:
            found = [each.container for each in services() if each.name == service]
            cleanup.remove_containers(found)

    def change(self, service: str, **keys: Any) -> None:
        """Change a service as an edit of the compose file would, and recreate its container.

        Args:
            service: its name.
            keys: keys of the compose file, for instance `mem_limit="64m"`.
        """
        self._disturbed.add(service)
        self._services[service] = keys
        self._write()
        self._compose("up", "--detach", "--no-deps", "--timeout", GRACE, service)

    def make_volume(self, *options: str) -> str:
        """Create a volume for `change`, and return its name.

        Args:
            options: of a tmpfs volume, for instance `size=8m`; without any, the volume is on disk.
        """
        given = {"type": "tmpfs", "device": "tmpfs", "o": ",".join(options)} if options else {}
        labels = {"com.docker.compose.project": self._project}
        with docker.client() as engine:
            engine.volumes.create(self._volume, labels=labels, driver_opts=given)
        self._volumes[self._volume] = {"external": True}
        return self._volume

    def run_in_volume(self, script: str) -> None:
        """Run a shell script in the volume of `make_volume`, as the user of Postgres."""
        with self._practice:
            image = base_image(load_settings(), "POSTGRES_IMAGE")
        mounted = [f"{self._volume}:{DATA}"]
        command = ["sh", "-c", script]
        options = {"user": "999:999", "volumes": mounted, "working_dir": DATA}
        answer = run_alone(image, command, TIMEOUT, **options)
        if answer.code != 0:
            said = last_words(answer.err)
            raise DockerError(f"{self._volume} could not be prepared: {said}.", "make doctor")

    def make_image(self, *lines: str) -> str:
        """Build an image on top of the agent's, and return its name.

        Args:
            lines: of its Dockerfile, after FROM.

        Raises:
            BuildError: the build failed.
        """
        with self._practice:
            base = stack_images(load_settings())[-1]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Dockerfile").write_text("\n".join([f"FROM {base}", *lines, ""]))
            answer = run(["docker", "build", "--tag", self._image, folder], TIMEOUT)
        if answer.code != 0:
            said = f"{self._image} could not be made: {last_words(answer.err)}."
            raise BuildError(said, "make doctor")
        return self._image

    def hold_port(self) -> None:
        """Start a program that takes the stack's port.

        Raises:
            CourseError: yet another program holds the port.
        """
        self._holder = port_holder.hold(int(self._practice.settings["API_PORT"]), self._file)

    @property
    def broken(self) -> bool:
        """Whether it is still broken: `practice.remove()` undoes all but changed settings."""
        journal = json.loads(self._file.read_text()) if self._file.exists() else {}
        ours = journal.get("x-fault") == self._id  # not a later fault's, after `practice.remove()`
        return ours or bool(self._replaced)

    def mend(self) -> None:
        """Undo everything, and wait until the stack is healthy. May be called again.

        Raises:
            CourseError: as `PracticeStack.up` does; then call it again.
        """
        self._release_port()
        self._restore_settings()
        if not self.broken:
            return
        print("Mending the practice stack …", flush=True)
        began = time.monotonic()
        self._remove_disturbed()
        self._services.clear()
        self._volumes.clear()
        self._write()
        with redirect_stdout(io.StringIO()):
            self._practice.up()
        self._file.unlink()
        cleanup.remove_volumes([self._volume])
        cleanup.remove_images([self._image])
        print(f"Mended after {time.monotonic() - began:.1f} s", flush=True)

    def _remove_disturbed(self) -> None:
        """Remove the containers of changed or killed services; `up` recreates them."""
        for service in self._disturbed:
            self.remove(service)
        self._disturbed.clear()

    def _release_port(self) -> None:
        if self._holder is not None:
            self._holder.communicate()
            self._holder = None

    def _restore_settings(self) -> None:
        """Undo `set`, also in a block `with practice:` that was entered after it."""
        for name, (setting, variable) in self._replaced.items():
            _put(self._practice.settings, name, setting)
            if os.environ.get(name) not in (setting, variable):
                _put(os.environ, name, variable if setting is None else setting)
        self._replaced.clear()

    def _write(self) -> None:
        self._file.parent.mkdir(exist_ok=True)
        override = {"x-fault": self._id, "services": self._services, "volumes": self._volumes}
        self._file.write_text(json.dumps(override))

    def _compose(self, *arguments: str) -> None:
        with self._practice:
            run_compose(*arguments, timeout=TIMEOUT)


def _put(variables: MutableMapping[str, str], name: str, value: str | None) -> None:
    """Set a variable, or delete it if the value is None."""
    variables.pop(name, None)
    if value is not None:
        variables[name] = value
