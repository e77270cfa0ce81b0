"""A client of the Docker engine.

It is that of Docker's Python library, and reaches the engine that `docker` itself would: the one
that `DOCKER_HOST` names, or else the current context's (Docker Desktop, Colima, another computer).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from course_helpers.core.errors import CourseError, DockerError
from course_helpers.core.processes import last_words

if TYPE_CHECKING:
    import requests
    from docker import DockerClient

COMMAND_TIMEOUT = 15.0  # seconds for each answer

INSTALL = "install Docker Desktop, or Docker Engine: https://docs.docker.com/get-docker/"
_START = "start Docker Desktop, or run: sudo systemctl start docker"
RESTART = "restart Docker Desktop, or run: sudo systemctl restart docker"
_PERMIT = "sudo usermod -aG docker $USER, then log out and in again"


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
        with usable_client(timeout) as engine:
            yield engine
    except _Unusable as error:
        raise DockerError(f"Docker: {error.what.rstrip('?.')}.", error.fix) from None


@contextmanager
def usable_client(timeout: float) -> Iterator[DockerClient]:
    """Yield a client, as `client` does, and say in the doctor's words why there is none.

    Args:
        timeout: seconds for each answer.

    Raises:
        CourseError: no engine answers, in time or at all, or it refuses.
    """
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


@contextmanager
def unless_gone() -> Iterator[list[str]]:
    """Yield a list that is empty after the block, unless a container is gone or being removed.

    Then the block ends there, and the list holds the engine's reason.

    Raises:
        docker.errors.APIError: the engine refuses for another reason.
    """
    from docker.errors import APIError

    reasons: list[str] = []
    try:
        yield reasons
    except APIError as error:
        if error.status_code not in (404, 409):  # 409: it does not run, or is being removed
            raise
        reasons.append(reason(error))


@contextmanager
def telling_time_outs() -> Iterator[None]:
    """Turn the library's exceptions for an engine that says nothing in time into one.

    It has several, and one, `requests.ConnectionError`, is also that of a broken connection.

    Raises:
        TimeoutError: the engine says nothing in time.
    """
    from requests import RequestException

    try:
        yield
    except RequestException as error:
        if not _timed_out(error):
            raise
        raise TimeoutError from None


def _library_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that the library raises when no engine answers properly."""
    import docker
    import requests
    import urllib3

    return docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError


def _why_unusable(error: BaseException, timeout: float) -> tuple[str, str]:
    """Return why no engine answers, in a few words, and the fix."""
    if shutil.which("docker") is None:
        return "docker is not installed", INSTALL
    causes = list(_causes(error))
    if any(isinstance(each, PermissionError) for each in causes):
        return "installed, but you have no right to its socket", _PERMIT
    if _timed_out(error):
        return f"docker gives no answer within {timeout:g} s", RESTART
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


def _timed_out(error: BaseException) -> bool:
    return any("timed out" in str(each) for each in _causes(error))


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
    printed = {1: bytearray(), 2: bytearray()}  # by stream, which the head of each piece names
    start = 0
    while start < len(data):
        body = start + 8
        end = body + int.from_bytes(data[start + 4 : body], "big")
        printed[data[start]] += data[body:end]
        start = end
    return bytes(printed[1]), bytes(printed[2])


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
