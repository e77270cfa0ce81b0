"""The Docker engine: whether it can be used, and a client of it.

The client is that of Docker's Python library. It reaches the engine that `docker` itself would: the
one that `DOCKER_HOST` names, or else the current context's (Docker Desktop, Colima, another
computer). Compose and the build plugin have no library: their commands are run.

A check returns what it saw, or raises a `CourseError` with the fix.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import httpx

from course_helpers.core.errors import CourseError, DockerError
from course_helpers.core.processes import MISSING, TOO_SLOW, Answer, last_words, run

if TYPE_CHECKING:
    import requests
    from docker import DockerClient

TIMEOUT = 2.0  # seconds; an engine that is asleep must not hold up the doctor
PATIENCE = 10.0  # seconds for an engine that is needed now, and may be busy
COMMAND_TIMEOUT = 15.0  # seconds for each answer
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


class _Unusable(CourseError):
    """The engine cannot be used, in the doctor's words."""


@contextmanager
def client(timeout: float = COMMAND_TIMEOUT) -> Iterator[DockerClient]:
    """Yield a client of the engine, and close it afterwards.

    `docker.errors.NotFound` is left to the caller.

    Args:
        timeout: seconds for each of its answers.

    Raises:
        DockerError: no engine answers in time, or it refuses a request.
    """
    try:
        with _client(timeout) as engine:
            yield engine
    except _Unusable as error:
        raise DockerError(f"Docker: {error.what.rstrip('?.')}.", error.fix) from None


@contextmanager
def _client(timeout: float) -> Iterator[DockerClient]:
    try:
        import docker  # here: the doctor must be able to say that it is missing
    except ImportError as error:
        raise _Unusable(f"the Python package {error.name} is missing", "make lab") from None
    _require_context()
    try:
        # `ssh` itself reaches an engine on another computer, with the user's keys and settings.
        engine = docker.from_env(timeout=cast(int, timeout), use_ssh_client=True)
        try:
            yield engine
        finally:
            engine.close()
    except docker.errors.NotFound:
        raise
    except docker.errors.APIError as error:
        said = str(error.explanation or error).rstrip(".")
        raise _Unusable(f"the engine refuses: {said}", "make doctor") from None
    except _library_errors() as error:
        raise _Unusable(*_why_unusable(error, timeout)) from None


def _require_context() -> None:
    """Raise unless the library finds the chosen context: it would silently use the default one.

    Measured with docker 7.2.0: it looks for contexts only beside a `config.json`, which
    `docker context use` writes.
    """
    from docker.context import ContextAPI
    from docker.context.config import get_current_context_name

    if os.environ.get("DOCKER_HOST"):
        return
    name = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if ContextAPI.get_context(name) is None:
        fix = f"docker context use {name} (docker context ls lists them)"
        raise _Unusable(f"there is no context {name!r}", fix)


def not_found() -> type[Exception]:
    """Return the exception that a client raises for a missing container, image or volume."""
    from docker.errors import NotFound

    return NotFound


def too_slow() -> tuple[type[Exception], ...]:
    """Return what a client raises where the engine says nothing in time."""
    from requests import ConnectionError, Timeout

    return Timeout, ConnectionError  # the second, where it had begun to answer


def _library_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that the library raises when no engine answers properly."""
    import docker
    import requests
    import urllib3

    return docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError


def _why_unusable(error: BaseException, timeout: float) -> tuple[str, str]:
    """Return why no engine answers, in a few words, and the fix."""
    if shutil.which("docker") is None:
        return "docker is not installed", _INSTALL
    causes = list(_causes(error))
    if any(isinstance(each, PermissionError) for each in causes):
        return "installed, but you have no right to its socket", _PERMIT
    if any("timed out" in str(each) for each in causes):
        return f"docker gives no answer within {timeout:g} s", _RESTART
    said = last_words(str(causes[-1]))
    if any(isinstance(each, (FileNotFoundError, ConnectionRefusedError)) for each in causes):
        said = f"Cannot connect to the Docker daemon at {_address()}. Is the docker daemon running?"
    return f"installed, but no engine answers: {said}", _START


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes; the library passes some as arguments of others."""
    while error is not None:
        yield error
        wrapped = [each for each in error.args if isinstance(each, BaseException)]
        error = wrapped[0] if wrapped else error.__cause__ or error.__context__


def _address() -> str:
    """Return the address at which the library looks for the engine."""
    from docker.constants import DEFAULT_UNIX_SOCKET
    from docker.context import ContextAPI

    found = os.environ.get("DOCKER_HOST")
    with suppress(Exception):  # for instance, an unreadable file of contexts
        found = found or ContextAPI.kwargs_from_context().get("base_url")
    return found or DEFAULT_UNIX_SOCKET


def request(
    engine: DockerClient, method: str, path: str, stream: bool = False, **body: Any
) -> requests.Response:
    """Send a request for which the library has no method, or none with a time-out.

    Args:
        engine: the client.
        method: GET or POST.
        path: of the engine's API (https://docs.docker.com/reference/api/engine/).
        stream: whether the response is read piece by piece.
        body: `params` or `json`, as `requests` takes them.

    Raises:
        docker.errors.APIError: the engine refuses.
    """
    from docker.errors import create_api_error_from_http_exception
    from requests import HTTPError

    url = f"{engine.api.base_url}/v{engine.api.api_version}/{path}"
    timeout = engine.api.timeout
    answer = engine.api.request(method, url, timeout=timeout, stream=stream, **body)
    try:
        answer.raise_for_status()
    except HTTPError as error:
        create_api_error_from_http_exception(error)
    return answer


def exec_output(engine: DockerClient, exec_id: str) -> tuple[bytes, bytes]:
    """Start what `exec_create` has made, and return what it prints, to either stream.

    The library's `exec_start` has no time-out. And it loses what comes in one piece with the
    response's head, as it may on a busy computer (docker 7.2.0; a test shows it).

    Args:
        engine: the client; its time-out is for each piece.
        exec_id: the id.
    """
    path, mode = f"exec/{exec_id}/start", {"Detach": False, "Tty": False}
    data = request(engine, "POST", path, json=mode).content
    printed = {1: b"", 2: b""}  # by stream, as a head of eight bytes says before each piece
    while data:
        stream, end = data[0], 8 + int.from_bytes(data[4:8], "big")
        printed[stream] += data[8:end]
        data = data[end:]
    return printed[1], printed[2]


def past_events(
    engine: DockerClient, filters: Mapping[str, Sequence[str]], seconds: float
) -> list[dict[str, Any]]:
    """Return the engine's past events, the oldest first.

    The library's `events` has no time-out.

    Args:
        engine: the client.
        filters: as `docker events` takes them.
        seconds: how far to look back.
    """
    # By the engine's clock, to the microsecond: a whole second leaves out what has just happened.
    now = datetime.fromisoformat(engine.info()["SystemTime"]).timestamp()
    window = {"since": f"{now - seconds:.6f}", "until": f"{now:.6f}"}
    asked = {**window, "filters": json.dumps(filters)}
    answer = request(engine, "GET", "events", params=asked)
    return [json.loads(line) for line in answer.text.splitlines()]


def reason(error: Exception) -> str:
    """Return what went wrong in a few words that fit into a sentence.

    Args:
        error: from a client, or from the file that was read or written meanwhile.
    """
    if isinstance(error, CourseError):
        return last_words(error.what)
    said = getattr(error, "explanation", None) or getattr(error, "strerror", None) or error
    return last_words(str(said))


def text_of(output: bytes | None) -> str:
    """Return a container's output as text."""
    return (output or b"").decode(errors="replace").strip()


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield a container's output line by line, however it is cut into chunks."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")


def engine(timeout: float = TIMEOUT) -> str:
    """Check that a Docker engine runs, that you may use it, and that it is recent enough."""
    if shutil.which("docker") is None:
        raise CourseError("docker is not installed", _INSTALL)
    with _client(timeout) as found:
        version = str(found.version().get("Version", ""))
    if _numbers(version)[0] < OLDEST_ENGINE:
        seen = f"engine {version or 'without a version'}"
        raise CourseError(f"{seen}; {OLDEST_ENGINE} or newer is needed", _INSTALL)
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
        raise CourseError("docker is not installed", _INSTALL)
    if answer.code == TOO_SLOW:
        raise CourseError(f"docker gives {answer.err}", _RESTART)


def _numbers(version: str) -> tuple[int, int]:
    """Return a version's first two numbers."""
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
