"""Errors between a client and a server, each explained in a sentence with its fix.

Measured with langgraph-sdk 0.4 on langgraph-api 0.16.7 and the open engine: `threads`, `store` and
`runs.create` raise the SDK's own errors; `runs.wait` and `runs.cancel` raise httpx's
HTTPStatusError with the server's words in a note, and, if the run fails in the graph, a bare
`Exception`; `runs.join` and streams raise nothing then, and hand the run's error over as data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from course_helpers.core.errors import RECONNECT, CourseError, NotFoundError, ServerError
from course_helpers.core.markup import clean
from course_helpers.server.threads import no_thread

LONGEST = 300  # characters of what a server says that are shown

_LOOK_FIRST = (
    "it may have arrived: look with await client.runs.list(thread_id), and send it again only if "
    "it has not"
)
_TRANSPORT: dict[type[httpx.HTTPError], tuple[str, str]] = {  # the first match counts
    httpx.ConnectError: ("Nothing answers at {url}: the server has stopped.", RECONNECT),
    httpx.ConnectTimeout: (
        "{url} cannot be reached: it did not take the call in time.",
        "check the address and the network, then try again",
    ),
    httpx.PoolTimeout: (
        "All connections of this client were in use for too long.",
        "ask less at once: hold back with an asyncio.Semaphore",
    ),
    httpx.TimeoutException: (
        "{url} was silent for longer than the client's timeout; a run goes on without it.",
        _LOOK_FIRST,
    ),
    httpx.UnsupportedProtocol: (
        "The server's address is not complete.",
        "write it like http://127.0.0.1:8123",
    ),
    httpx.TransportError: ("The connection to {url} was lost before the answer.", _LOOK_FIRST),
}


def explain_error(error: BaseException | Mapping[str, Any]) -> CourseError:
    """Return an error as a sentence: what happened, why, and what to do about it.

    Args:
        error: what a call of the SDK or of `RemoteGraph` raised; or a run's error as `runs.join`
            and streams give it: a mapping with `error` and `message`, or with `__error__`.
    """
    if isinstance(error, CourseError):
        return error
    if isinstance(error, Mapping):
        return _failed_run(error)
    if isinstance(error, httpx.HTTPStatusError):
        return _refused(error)
    if isinstance(error, httpx.HTTPError):
        return _unanswered(error)
    if isinstance(error, TimeoutError):
        return ServerError(
            "Your own time limit ended the waiting, not the run: that goes on at the server.",
            "await client.runs.join(thread_id, run_id), or runs.cancel(thread_id, run_id)",
        )
    if error.args and isinstance(error.args[0], Mapping):  # RemoteGraph's RemoteException
        return _failed_run(error.args[0])
    kind, colon, message = str(error).partition(": ")
    if type(error) is Exception and colon and kind.isidentifier():  # what runs.wait raises
        return _failed_run({"error": kind, "message": message})
    return CourseError(f"{type(error).__name__}: {_short(str(error))}", "correct the call")


def _failed_run(error: Mapping[str, Any]) -> CourseError:
    error = error.get("__error__") or error
    kind, message = str(error.get("error")), _short(str(error.get("message")))
    if kind == "HTTPException":  # langgraph dev, asked to join a run that it does not have
        return NotFoundError(f"The server could not do this: {message}", "check the run's id")
    fix = "correct the input, the context or the graph; the thread keeps its last checkpoint"
    if kind == "GraphRecursionError":
        fix = 'look for a loop in the graph, or pass config={"recursion_limit": …} with more steps'
    return CourseError(f"The run failed in the graph, with {kind}: {message}", fix)


def _unanswered(error: httpx.HTTPError) -> CourseError:
    texts = (found for kind, found in _TRANSPORT.items() if isinstance(error, kind))
    what, fix = next(texts, _TRANSPORT[httpx.TransportError])
    try:
        url = str(error.request.url.copy_with(path="/", query=None)).rstrip("/")
    except RuntimeError:  # it belongs to no request
        url = "the server"
    return ServerError(what.format(url=clean(url)), fix)


def _refused(error: httpx.HTTPStatusError) -> CourseError:
    """Explain an answer with a status of 400 or more."""
    status, said = error.response.status_code, _detail(error)
    if status == 404:
        return _missing(error.request.url.path, said)
    if status == 409:
        return _conflict(error.request, said)
    if status in (401, 403):
        return ServerError(
            f"The server refuses this client ({status}): {said}",
            'pass what it asks for: get_client(url=…, headers={"Authorization": …})',
        )
    if status == 429 or status >= 500:
        return ServerError(
            f"The server cannot answer now ({status}): {said}",
            "try again in a while; if it stays, look at: make logs",
        )
    return CourseError(
        f"The server does not accept the request ({status}): {said}",
        "correct what it names, then send it again",
    )


def _missing(path: str, said: str) -> CourseError:
    thread = re.search(r"/threads/([^/]+)", path)
    run = re.search(r"/runs/(?!wait$|stream$|cancel$)([^/]+)", path)
    if run:
        return NotFoundError(
            f"The server has no such run that could do this ({run[1]}): {said}",
            "list those that there are: await client.runs.list(thread_id)",
        )
    if thread and path.rstrip("/").endswith(("/runs", "/runs/wait", "/runs/stream")):
        return NotFoundError(
            f"There is no thread {thread[1]!r} on this server, or no such assistant.",
            'make the thread: await client.threads.create(thread_id=…, if_exists="do_nothing")',
        )
    if thread:
        return no_thread(thread[1])
    return NotFoundError(f"The server has no such thing: {said}", "check the id or the address")


def _conflict(request: httpx.Request, said: str) -> CourseError:
    path = request.url.path
    if path == "/threads":
        fix = 'to take the one that is there: if_exists="do_nothing"'
        return CourseError(f"{said.rstrip('.')}.", fix)
    if path.endswith("/copy"):
        return no_thread(path.split("/")[-2])
    return CourseError(
        "The thread is busy: a run of it has not ended yet.",
        'wait for it with runs.join, or say what shall happen: multitask_strategy="enqueue"',
    )


def _detail(error: httpx.HTTPStatusError) -> str:
    """Return what the server says, in one line."""
    try:
        said: Any = error.response.json()
    except (httpx.ResponseNotRead, httpx.StreamError, ValueError):
        said = getattr(error, "body", None)
    if isinstance(said, dict):
        said = said.get("detail") or said.get("message") or said.get("error")
    return _short(str(said or error.response.reason_phrase))


def _short(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
