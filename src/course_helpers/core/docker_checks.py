"""Whether Docker can be used here: its engine, Compose, the build plugin, a registry.

A check returns what it saw, or raises a `CourseError` with the fix. Compose and the build plugin
have no library: their commands are run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

import httpx

from course_helpers.core.docker import INSTALL, RESTART, usable_client
from course_helpers.core.errors import CourseError, DockerError
from course_helpers.core.processes import MISSING, TOO_SLOW, Answer, run

TIMEOUT = 2.0  # seconds; an engine that is asleep must not hold up the doctor
PATIENCE = 10.0  # seconds for an engine that is needed now, and may be busy
_COMPOSE = ("docker", "compose", "version", "--short")
_BUILDX = ("docker", "buildx", "version")
REGISTRY = "https://registry-1.docker.io/v2/"
OLDEST_ENGINE = 20  # 20.10, with the build plugin, runs and builds everything here
OLDEST_COMPOSE = (2, 24)  # the first that reads a settings file only if it is there
_PLUGIN = "update Docker Desktop, or: sudo apt-get install docker-{0}-plugin (Debian's: docker-{0})"


def engine(timeout: float = TIMEOUT) -> str:
    """Check that a Docker engine runs, that you may use it, and that it is recent enough."""
    if shutil.which("docker") is None:
        raise CourseError("docker is not installed", INSTALL)
    with usable_client(timeout) as found:
        version = str(found.version().get("Version", ""))
    if _numbers(version)[0] < OLDEST_ENGINE:
        seen = f"engine {version or 'without a version'}"
        raise CourseError(f"{seen}; {OLDEST_ENGINE} or newer is needed", INSTALL)
    return f"engine {version}"


def compose(answer: Answer | None = None) -> str:
    """Check for the Compose plugin; version 1 was a program of its own."""
    answer = answer or run(_COMPOSE, TIMEOUT)
    _require_command(answer)
    version = answer.out.removeprefix("v")
    if answer.code == 0 and _numbers(version) >= OLDEST_COMPOSE:
        return version
    seen = version if answer.code == 0 else shutil.which("docker-compose")
    detail = f"only an old one ({seen}), which cannot read our file" if seen else "not installed"
    raise CourseError(detail, _PLUGIN.format("compose"))


def buildx(answer: Answer | None = None) -> str:
    """Check for the build plugin."""
    answer = answer or run(_BUILDX, TIMEOUT)
    _require_command(answer)
    if answer.code == 0:
        found = re.search(r"v?(\d+\.\S+)", answer.out)
        return found[1] if found else answer.out
    raise CourseError("not installed", _PLUGIN.format("buildx"))


def registry(url: str = REGISTRY) -> str:
    """Check that images can be pulled: the registry answers, if only to ask for a log-in."""
    try:
        status = httpx.get(url, timeout=TIMEOUT).status_code
    except (httpx.HTTPError, OSError) as error:  # OSError: a CA bundle that cannot be read
        seen = f"does not answer ({type(error).__name__})"
    else:
        if status in (200, 401, 429):
            return f"Docker Hub answers ({status})"
        seen = f"answers {status}, as a proxy does that refuses"
    fix = "connect to a network (behind a company's proxy: export HTTPS_PROXY=http://…)"
    raise CourseError(f"Docker Hub {seen}", fix)


def require(build: bool = False) -> None:
    """Raise unless there is a Docker that can run the stack, and build its images if asked.

    Args:
        build: whether images are to be built.

    Raises:
        DockerError: it is missing, does not run, or is too old.
    """
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Docker", lambda: engine(PATIENCE)),
        ("Docker Compose", lambda: compose(run(_COMPOSE, PATIENCE))),
    ]
    if build:
        checks.append(("Docker's build plugin", lambda: buildx(run(_BUILDX, PATIENCE))))
    for name, check in checks:
        try:
            check()
        except CourseError as error:
            raise DockerError(f"{name}: {error.what}.", error.fix) from None


def _require_command(answer: Answer) -> None:
    """Raise unless the command `docker` is installed and has answered in time."""
    if answer.code == MISSING:
        raise CourseError("docker is not installed", INSTALL)
    if answer.code == TOO_SLOW:
        raise CourseError(f"docker gives {answer.err}", RESTART)


def _numbers(version: str) -> tuple[int, int]:
    """Return a version's first two numbers."""
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
