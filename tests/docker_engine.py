"""The Docker engine that the tests use: the one that runs here, or else one of their own.

Afterwards nothing of the tests may be left in either. Of their own engine, only its images and build
cache may be left on the machine.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from course_helpers.core import docker_checks
from course_helpers.core.errors import CourseError
from course_helpers.core.processes import Answer, run
from tests import docker_plugins

if TYPE_CHECKING:
    from tests.private_docker import PrivateDocker

TIMEOUT = 60.0  # seconds for a docker command
LOG = Path(__file__).parents[1] / "build" / "dockerd.log"
PROJECTS = "com.docker.compose.project=task-maistro-test"  # the tests' compose projects begin so
LABEL = "task-maistro.test"  # a label on all else that they make
LISTS = {
    "container": ("ps", "--all", "--format", "{{.Names}}\t{{.Labels}}"),
    "network": ("network", "ls", "--format", "{{.Name}}\t{{.Labels}}"),
    "volume": ("volume", "ls", "--format", "{{.Name}}\t{{.Labels}}"),
}
REMOVE = {
    "container": ("rm", "--force", "--volumes"),
    "network": ("network", "rm"),
    "volume": ("volume", "rm", "--force"),
}
AS_ROOT = "or run the tests as root on Debian or Ubuntu, and they start an engine of their own"
BUILT_IN = {"network bridge", "network host", "network none"}


def cache_folder() -> Path:
    """Return what is kept between runs: a private engine's data, and the plugins."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).resolve() / "task-maistro-tests"


def may_have_its_own(platform: str, system: Mapping[str, str]) -> bool:
    """Return whether the tests can install and start an engine: as root on Debian or Ubuntu."""
    return platform == "linux" and os.geteuid() == 0 and bool(docker_plugins.family(system))


def is_ours(labels: str) -> bool:
    """Return whether the labels (`name=value,name=value`) are those of something of the tests."""
    each = labels.split(",")
    return any(one.startswith(PROJECTS) or one.partition("=")[0] == LABEL for one in each)


def entries(kind: str, listing: str, ours: Callable[[str], bool]) -> set[str]:
    """Return what a `docker … ls` in the format of `LISTS` names, as `container x`."""
    rows = [line.partition("\t") for line in listing.splitlines()]
    return {f"{kind} {name}" for name, _, labels in rows if ours(labels)} - BUILT_IN


class DockerEngine:
    """The engine: the first stage that needs it starts it, and `close` releases it.

    Attributes:
        environ: what the environment of a command must hold to use it.
        prefix: what to put before a command so that it reaches the ports of containers.
    """

    def __init__(self) -> None:
        self.environ: dict[str, str] = {}
        self.prefix: list[str] = []
        self._private: PrivateDocker | None = None
        self._missing: str | None = None
        self._before: set[str] | None = None  # our things at the start; None: never started

    def start(self) -> str | None:
        """Find or start an engine, and add what plugins docker lacks; only the first call does.

        Returns:
            None if there is one now, otherwise a sentence that says why not and what to run.
        """
        if self._before is None and self._missing is None:
            try:
                self._find_or_start()
                self._provide_plugins()
                self._before = self._inventory()
            except CourseError as error:
                self._missing = f"{error.what} (fix: {error.fix})"
        return self._missing

    def _find_or_start(self) -> None:
        found = self._ask("version", "--format", "{{.Server.Version}}")
        if found.code == 0:
            print(f"Docker: the engine that runs here, {found.out}", flush=True)
            return
        if may_have_its_own(sys.platform, docker_plugins.os_release()):
            self._start_private()
            return
        try:
            docker_checks.engine()
        except CourseError as error:
            raise CourseError(error.what, f"{error.fix}; {AS_ROOT}") from None

    def _start_private(self) -> None:
        from tests.private_docker import SOCKET, PrivateDocker  # for Linux alone

        start = time.monotonic()
        data = cache_folder() / "docker"
        self._private = PrivateDocker(data, LOG)
        self._private.start()
        self.environ["DOCKER_HOST"], self.prefix = SOCKET, self._private.prefix()
        self._remove(self._inventory())  # left by a run that was killed
        seconds = time.monotonic() - start
        print(f"Docker: a private engine, ready in {seconds:.1f} s; its images: {data}", flush=True)

    def _provide_plugins(self) -> None:
        """Add compose and buildx to docker, from a folder of ours, unless it has them."""
        if not self._lacks_plugins():
            return
        folder = cache_folder() / "config"
        self.environ["DOCKER_CONFIG"] = str(folder)
        if self._lacks_plugins():
            docker_plugins.fetch(folder / "cli-plugins")
        if error := self._lacks_plugins():
            raise error

    def _lacks_plugins(self) -> CourseError | None:
        try:
            docker_checks.compose(self._ask("compose", "version", "--short"))
            docker_checks.buildx(self._ask("buildx", "version"))
        except CourseError as error:
            return error
        return None

    def close(self) -> list[str] | None:
        """Stop a private engine.

        Returns:
            What is left of the tests in the engine, or of the engine on this machine; nothing may
            be. None if no engine was ever there.
        """
        left = self._left_in_engine()
        if self._private:
            left += self._private.stop()
        return None if self._before is None and not left else left

    def _left_in_engine(self) -> list[str]:
        if self._before is None:
            return []
        try:
            left = sorted(self._inventory() - self._before)
            if self._private:
                self._remove(set(left))
        except CourseError as error:
            return [error.what]
        return left

    def _inventory(self) -> set[str]:
        """Return what is the tests' own: everything in a private engine, else what is labelled."""
        ours = is_ours if self._private is None else lambda labels: True
        listed = {kind: self._docker(*arguments) for kind, arguments in LISTS.items()}
        return {entry for kind, text in listed.items() for entry in entries(kind, text, ours)}

    def _remove(self, found: set[str]) -> None:
        for kind, arguments in REMOVE.items():
            if names := [name.split()[1] for name in found if name.startswith(kind)]:
                self._docker(*arguments, *names)

    def _docker(self, *arguments: str) -> str:
        answer = self._ask(*arguments)
        if answer.code:
            raise CourseError(f"docker {arguments[0]}: {answer.err}", f"see {LOG}")
        return answer.out

    def _ask(self, *arguments: str) -> Answer:
        return run(["docker", *arguments], TIMEOUT, environ={**os.environ, **self.environ})
