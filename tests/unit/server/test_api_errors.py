"""The explanations of errors between client and server, without either."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from langgraph.pregel.remote import RemoteException
from langgraph_sdk import errors as sdk

from course_helpers import explain_error
from course_helpers.core.errors import CourseError, NotFoundError, ServerError
from course_helpers.server.api_errors import LONGEST
from tests.unit.widgets.widget_backend import ATTACK

URL = "http://127.0.0.1:9"
ID = "00000000-0000-4000-8000-000000000000"


def typed(status: int, detail: Any, path: str = "/threads", method: str = "POST") -> sdk.APIError:
    """Return an error as the SDK raises it."""
    request = httpx.Request(method, URL + path)
    response = httpx.Response(status, request=request, json={"detail": detail})
    return sdk._map_status_error(response, {"detail": detail})


def plain(status: int, detail: str, path: str) -> httpx.HTTPStatusError:
    """Return an error as `runs.wait` raises it."""
    response = httpx.Response(
        status, request=httpx.Request("POST", URL + path), json={"detail": detail}
    )
    with pytest.raises(httpx.HTTPStatusError) as raised:
        response.raise_for_status()
    return raised.value


@pytest.mark.parametrize(
    ("path", "what", "fix"),
    [
        (f"/threads/{ID}", f"There is no thread '{ID}'", "threads.create()"),
        (f"/threads/{ID}/state", f"There is no thread '{ID}'", "threads.create()"),
        (f"/threads/{ID}/runs", "or no such assistant", "if_exists"),
        (f"/threads/{ID}/runs/wait", "or no such assistant", "if_exists"),
        (f"/threads/{ID}/runs/stream", "or no such assistant", "if_exists"),
        (f"/threads/{ID}/runs/r1", "no such run that could do this (r1): gone", "runs.list"),
        (f"/threads/{ID}/runs/r1/cancel", "no such run that could do this (r1)", "runs.list"),
        ("/assistants/a1", "no such thing: gone", "check the id"),
    ],
)
def test_not_found(path: str, what: str, fix: str) -> None:
    for error in (typed(404, "gone", path), plain(404, "gone", path)):
        said = explain_error(error)
        assert isinstance(said, NotFoundError)
        assert what in said.what
        assert fix in said.fix


@pytest.mark.parametrize(
    ("path", "what", "fix"),
    [
        ("/threads", "t1 already exists.", "if_exists"),
        (f"/threads/{ID}/runs", "The thread is busy", "multitask_strategy"),
        (f"/threads/{ID}/state", "The thread is busy", "runs.join"),
        (f"/threads/{ID}/copy", f"There is no thread '{ID}'", "threads.create()"),
    ],
)
def test_conflicts(path: str, what: str, fix: str) -> None:
    said = explain_error(typed(409, "t1 already exists", path))
    assert what in said.what
    assert fix in said.fix


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (400, "does not accept the request (400): a b"),
        (422, "does not accept the request (422): a b"),
        (401, "refuses this client (401)"),
        (403, "refuses this client (403)"),
        (429, "cannot answer now (429)"),
        (503, "cannot answer now (503)"),
    ],
)
def test_other_answers(status: int, what: str) -> None:
    assert what in explain_error(typed(status, "a\n  b")).what


def test_an_answer_without_words() -> None:
    response = httpx.Response(502, request=httpx.Request("GET", URL), text="<html>")
    error = sdk._map_status_error(response, "<html>")
    assert explain_error(error).what == "The server cannot answer now (502): <html>"
    empty = httpx.Response(500, request=httpx.Request("GET", URL))
    assert "Internal Server Error" in explain_error(sdk._map_status_error(empty, None)).what


@pytest.mark.parametrize(
    ("error", "what", "fix"),
    [
        (httpx.ConnectError("x"), f"Nothing answers at {URL}", "connect()"),
        (httpx.ConnectTimeout("x"), f"{URL} cannot be reached", "address"),
        (httpx.ReadTimeout("x"), "silent for longer", "runs.list"),
        (httpx.PoolTimeout("x"), "All connections", "Semaphore"),
        (httpx.RemoteProtocolError("x"), f"connection to {URL} was lost", "runs.list"),
        (httpx.ReadError("x"), "was lost", "runs.list"),
        (httpx.UnsupportedProtocol("x"), "address is not complete", "http://"),
    ],
)
def test_no_answer(error: httpx.RequestError, what: str, fix: str) -> None:
    error.request = httpx.Request("GET", f"{URL}/threads/{ID}?secret=1")
    said = explain_error(error)
    assert isinstance(said, ServerError)
    assert what in said.what
    assert fix in said.fix
    assert "secret" not in str(said)


def test_an_error_of_no_request() -> None:
    said = explain_error(httpx.TransportError("Exceeded maximum SSE reconnection attempts"))
    assert said.what == "The connection to the server was lost before the answer."


FAILED = {"error": "ValueError", "message": "user_id='': pass a text"}


@pytest.mark.parametrize(
    "error",
    [
        Exception("ValueError: user_id='': pass a text"),  # runs.wait
        RemoteException(FAILED),  # RemoteGraph
        FAILED,  # the event `error` of a stream
        {"__error__": FAILED},  # runs.join
    ],
)
def test_a_run_that_failed(error: Any) -> None:
    said = explain_error(error)
    assert said.what == ("The run failed in the graph, with ValueError: user_id='': pass a text")


def test_too_many_steps_have_a_fix_of_their_own() -> None:
    said = explain_error({"error": "GraphRecursionError", "message": "Recursion limit of 2"})
    assert "recursion_limit" in said.fix


def test_a_run_that_is_not_there_to_be_joined() -> None:
    """Its answer looks like a failed run's on `langgraph dev`."""
    error = {"__error__": {"error": "HTTPException", "message": "404: Run not found"}}
    assert isinstance(explain_error(error), NotFoundError)


def test_everything_else_keeps_its_name() -> None:
    ours = CourseError("It is Monday.", "wait")
    assert explain_error(ours) is ours
    assert "goes on at the server" in explain_error(TimeoutError()).what
    assert explain_error(ValueError("no: periods")).what == "ValueError: no: periods"
    assert explain_error(Exception("no colon")).what == "Exception: no colon"


def test_what_a_server_says_is_one_short_line() -> None:
    said = explain_error(typed(422, f"\x1b[31m{ATTACK}\n" + "x" * 1000)).what
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < LONGEST + 80
