"""What the doctor looks at of Docker: the engine and the right to use it, its plugins, the images.

Each check returns what it saw, or raises a `CourseError` with the fix.
"""

from __future__ import annotations

import json
import re
import shutil

import httpx

from course_helpers.core.errors import CourseError, DockerError
from course_helpers.core.processes import MISSING, TOO_SLOW, Answer, last_words, run

TIMEOUT = 2.0  # seconds; an engine that is asleep must not hold up the doctor
PATIENCE = 10.0  # seconds for one that is needed now, and may be busy
COMMAND_TIMEOUT = 15.0  # seconds for a command
_ENGINE = ("docker", "version", "--format", "{{json .}}")
_COMPOSE = ("docker", "compose", "version", "--short")
_BUILDX = ("docker", "buildx", "version")
REGISTRY = "https://registry-1.docker.io/v2/"
OLDEST_ENGINE = 20  # 20.10, with the build plugin, runs and builds everything here
OLDEST_COMPOSE = (2, 24)  # the first that reads a settings file only if it is there

_INSTALL = "install Docker Desktop, or Docker Engine: https://docs.docker.com/get-docker/"
_START = "start Docker Desktop, or run: sudo systemctl start docker"
_RESTART = "restart Docker Desktop, or run: sudo systemctl restart docker"
_PERMIT = "sudo usermod -aG docker $USER, then log out and in again"
_PLUGIN = "update Docker Desktop, or: sudo apt-get install docker-{0}-plugin (Debian's: docker-{0})"


def engine(answer: Answer | None = None) -> str:
    """Check that a Docker engine runs, that you may use it, and that it is recent enough."""
    answer = answer or run(_ENGINE, TIMEOUT)
    _require_command(answer)
    if "permission denied" in answer.err.lower():
        raise CourseError("installed, but you have no right to its socket", _PERMIT)
    try:
        version = str(json.loads(answer.out)["Server"]["Version"])
    except (ValueError, LookupError, TypeError):
        seen = f"installed, but no engine answers: {last_words(answer.err)}"
        raise CourseError(seen, _START) from None
    if _numbers(version)[0] < OLDEST_ENGINE:
        raise CourseError(f"engine {version}; {OLDEST_ENGINE} or newer is needed", _INSTALL)
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
    """Return if there is a Docker that can run the stack, and build its images if asked.

    Raises:
        DockerError: it is missing, does not run, or is too old.
    """
    checks = (
        ("Docker", engine, _ENGINE),
        ("Docker Compose", compose, _COMPOSE),
        ("Docker's build plugin", buildx, _BUILDX),
    )
    for name, check, command in checks if build else checks[:2]:
        try:
            check(run(command, PATIENCE))
        except CourseError as error:
            raise DockerError(f"{name}: {error.what}.", error.fix) from None


def why_not(answer: Answer) -> DockerError:
    """Return why a docker command failed, in the doctor's words.

    Args:
        answer: what it said; not a success.
    """
    try:
        seen = engine(answer)
    except CourseError as error:
        return DockerError(f"Docker: {error.what.rstrip('?.')}.", error.fix)
    return DockerError(f"Docker ({seen}) refuses: {answer.err}.", "make doctor")


def _require_command(answer: Answer) -> None:
    if answer.code == MISSING:
        raise CourseError("docker is not installed", _INSTALL)
    if answer.code == TOO_SLOW:
        raise CourseError(f"docker gives {answer.err}", _RESTART)


def _numbers(version: str) -> tuple[int, int]:
    """Return a version's first two numbers."""
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def ask_docker(*arguments: str, timeout: float = COMMAND_TIMEOUT) -> str:
    """Return what a docker command prints.

    Args:
        arguments: the command and its options.
        timeout: seconds.

    Raises:
        DockerError: it failed, in the doctor's words if no engine answers.
    """
    answer = run(["docker", *arguments], timeout)
    if answer.code != 0:
        raise why_not(answer)
    return answer.out
