"""The events in the parts of a stream, and a stream that breaks and is joined again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from langgraph_sdk.errors import InternalServerError
from langgraph_sdk.schema import StreamPart

from course_helpers.core.errors import ServerError
from course_helpers.server import thread_stream as module
from course_helpers.server.thread_stream import StreamReader, run_events, thread_events


def part(event: str, data: Any, id: str | None = None) -> StreamPart:
    return StreamPart(event, data, id)


def token(text: str, id: str = "m", kind: str = "AIMessageChunk") -> StreamPart:
    return part("messages", [{"type": kind, "id": id, "content": text}, {}], f"{text}-0")


STATE = {"messages": [{"type": "human", "content": "Hi"}]}


def read(*parts: StreamPart) -> list[tuple[str, str]]:
    reader = StreamReader()
    events = [reader.read(one) for one in parts]
    return [(event.kind, event.text) for event in events if event]


def test_tokens_add_up_until_the_state_has_them() -> None:
    assert read(token("a"), token("b"), token("c", "n"), part("values", STATE), token("d")) == [
        ("said", "a"),
        ("said", "ab"),
        ("said", "ab\n\nc"),
        ("step", ""),
        ("said", "d"),
    ]


def test_other_modes_tell_what_was_said_too() -> None:
    said = [{"type": "ai", "id": "m", "content": "ab"}]
    assert read(part("messages/partial", said)) == [("said", "ab")]
    assert read(part("updates", {"node": {"messages": said}, "other": None})) == [("said", "ab")]


def test_what_is_not_said_by_the_agent_is_not_shown() -> None:
    human = [{"type": "human", "id": "m", "content": "ab"}]
    assert (
        read(token("x", kind="tool"), token(""), part("updates", {"n": {"messages": human}})) == []
    )
    assert read(part("custom", {"progress": 1}), part("messages/metadata", {})) == []


def test_a_run_begins_fails_and_ends() -> None:
    error = {"error": "ValueError", "message": "no"}
    assert read(
        part("metadata", {"run_id": "r"}),
        part("error", error),
        part("error", "text"),
        part("metadata", {"status": "run_done"}),
    ) == [("began", ""), ("failed", "ValueError: no"), ("failed", "text"), ("ended", "")]


class Server:
    """A server whose streams are scripted; each breaks at its end, or is refused."""

    def __init__(self, *streams: list[StreamPart] | Exception) -> None:
        self.streams, self.joined = list(streams), list[Any]()
        self.threads = self.runs = self
        self.answers = [True]  # the last one stays
        self.http = SimpleNamespace(client=SimpleNamespace(event_hooks={"response": []}))

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def get(self, thread_id: str, run_id: str) -> dict[str, str]:
        return {"status": "running" if self.streams else "success"}

    def join_stream(self, *ids: str, last_event_id: str | None) -> Any:
        self.joined.append(last_event_id)
        stream = self.streams.pop(0)
        return self._parts(stream) if len(ids) == 2 else self._later(stream)

    async def _later(self, stream: Any) -> AsyncIterator[StreamPart]:
        for hook in self.http.client.event_hooks["response"]:
            await hook(httpx.Response(200))
        self.http.client.event_hooks["response"].clear()  # a client each time
        return self._parts(stream)

    async def _parts(self, stream: Any) -> AsyncIterator[StreamPart]:
        for one in stream if isinstance(stream, list) else [stream]:
            if isinstance(one, Exception):
                raise one
            yield one

    def ready(self, url: str) -> None:
        if not (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]):
            raise ServerError("down", "start it")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    def serve(*streams: Any) -> Server:
        server = Server(*streams)
        monkeypatch.setattr(module, "get_client", lambda **_: server)
        monkeypatch.setattr(module, "require_ready", server.ready)
        monkeypatch.setattr(module, "PAUSES", (0.001, 0.002))
        return server

    return serve


CUT = httpx.ReadError("cut")


async def test_a_broken_stream_is_joined_again_after_the_last_part(serve: Any) -> None:
    server = serve([token("a"), CUT], [token("b")], [])
    kinds = [(e.kind, e.text) async for e in run_events("http://x", "t", "r")]
    assert kinds == [("said", "a"), ("said", "ab")]
    assert server.joined == ["-1", "a-0", "b-0"]


async def test_the_server_is_waited_for(serve: Any) -> None:
    server = serve([token("a"), CUT], [token("b")], [])
    server.answers = [True, False, False, False, True]
    kinds = [e.kind async for e in run_events("http://x", "t", "r")]
    assert kinds == ["said", "away", "back", "said"]


async def test_a_run_is_not_waited_for_without_an_end(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.005)
    server = serve([CUT])
    server.answers = [True, False]
    with pytest.raises(ServerError, match="has been away"):
        assert [e.kind async for e in run_events("http://x", "t", "r")]


async def test_a_thread_is_followed_until_the_server_refuses(serve: Any) -> None:
    request = httpx.Request("GET", "http://x")
    refused = InternalServerError("odd", response=httpx.Response(500, request=request), body=None)
    server = serve([token("a")], [token("b"), refused])
    held: list[list[Any]] = []
    events = thread_events("http://x", "t", lambda: held.append([*server.joined]))
    assert [(await anext(events)).text for _ in range(2)] == ["a", "ab"]
    assert held == [[None], [None, "a-0"]]  # told once each time, when the server had answered
    with pytest.raises(ServerError, match="refuses the stream: odd"):
        await anext(events)
    assert server.joined == [None, "a-0"]
