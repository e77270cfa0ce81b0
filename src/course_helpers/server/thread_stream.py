"""The events of a thread or a run as they happen: the server's stream, joined again after a break.

A thread's stream goes on after its runs, and shows those that other clients start in the modes in
which they stream: tokens if they stream messages, else each step. Both engines number its parts, so
that it is joined again after the last one; what was missed is in the thread's state.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError
from langgraph_sdk.schema import StreamMode, StreamPart

from course_helpers.core.errors import NotFoundError, ServerError
from course_helpers.server.messages import Message, conversation_of, messages_of, text_of
from course_helpers.server.probe import require_ready

# The stream modes of the runs that this course's panels start.
MODES: list[StreamMode] = ["messages-tuple", "values"]
# Seconds without data after which a stream counts as broken; both engines send some every 5 to 15.
SILENCE = 30.0
PAUSES = (0.2, 5.0)  # seconds before joining again: at first, and at most; each doubles the last
PATIENCE = 60.0  # seconds that a run's stream waits for a server that went away

Kind = Literal["began", "said", "step", "failed", "ended", "away", "back"]
Join = Callable[[LangGraphClient, str | None], Awaitable[AsyncIterator[StreamPart]]]


@dataclass(frozen=True)
class StreamEvent:
    """Something that happened on a thread.

    Attributes:
        kind: a run `began`, `ended` or `failed`; a few more tokens were `said`; a `step` made a new
            state; the server is `away` or `back`.
        text: of the messages that are not in the state yet, as far as written; or the error.
        messages: the conversation after a step.
    """

    kind: Kind
    text: str = ""
    messages: Sequence[Message] = ()


class StreamReader:
    """Turns the parts of a stream into events, one by one."""

    def __init__(self) -> None:
        self._turns: dict[str, str] = {}  # message id -> its text so far

    def read(self, part: StreamPart) -> StreamEvent | None:
        """Return the event that a part tells of, or None if it is not shown."""
        if part.event == "metadata":
            return StreamEvent("ended" if part.data.get("status") == "run_done" else "began")
        if part.event == "values":
            self._turns.clear()
            messages = conversation_of(messages_of(part.data))
            return StreamEvent("step", messages=messages)
        if part.event == "error":
            return StreamEvent("failed", _error(part.data))
        return self._said_event(_messages_in(part), whole=part.event != "messages")

    def _said_event(self, messages: Iterable[dict[str, Any]], whole: bool) -> StreamEvent | None:
        spoken = [m for m in messages if m.get("type") in ("ai", "AIMessageChunk") and text_of(m)]
        for message in spoken:
            key = str(message.get("id"))
            before = "" if whole else self._turns.get(key, "")
            self._turns[key] = before + text_of(message)
        return StreamEvent("said", "\n\n".join(self._turns.values())) if spoken else None


def _messages_in(part: StreamPart) -> list[dict[str, Any]]:
    """Return the messages in a part: a token's, those so far, or what the nodes of a step gave."""
    match part.event:
        case "messages":
            return [part.data[0]]
        case "messages/partial" | "messages/complete":
            return list(part.data)
        case "updates":
            return [m for update in part.data.values() for m in messages_of(update)]
        case _:
            return []


def _error(data: Any) -> str:
    if not isinstance(data, dict):
        return str(data)
    return ": ".join(str(data[key]) for key in ("error", "message") if data.get(key))


async def thread_events(
    url: str, thread_id: str, held: Callable[[], object]
) -> AsyncGenerator[StreamEvent]:
    """Yield a thread's events from now on, without an end.

    Args:
        url: of a deployment.
        thread_id: the thread's UUID.
        held: called each time the server has begun to answer: runs that start later are shown.

    Raises:
        NotFoundError: there is no such thread.
        ServerError: the server refuses.
    """

    async def join(client: LangGraphClient, last: str | None) -> AsyncIterator[StreamPart]:
        client.http.client.event_hooks["response"].append(answered)
        return await client.threads.join_stream(thread_id, last_event_id=last)

    async def answered(response: httpx.Response) -> None:
        if response.is_success:
            held()

    async def goes_on(client: LangGraphClient) -> bool:
        return True

    async for event in _events(url, join, goes_on, math.inf):
        yield event


async def run_events(url: str, thread_id: str, run_id: str) -> AsyncGenerator[StreamEvent]:
    """Yield the events of a run from its beginning to its end.

    Args:
        url: of a deployment.
        thread_id: the thread's UUID.
        run_id: the run's; it was created with `stream_resumable=True`.

    Raises:
        NotFoundError: there is no such run any more.
        ServerError: the server refuses, or was away for longer than `PATIENCE`.
    """

    async def join(client: LangGraphClient, last: str | None) -> AsyncIterator[StreamPart]:
        return client.runs.join_stream(thread_id, run_id, last_event_id=last or "-1")

    async def goes_on(client: LangGraphClient) -> bool:
        return (await client.runs.get(thread_id, run_id))["status"] in ("pending", "running")

    async for event in _events(url, join, goes_on, PATIENCE):
        yield event


async def _events(
    url: str, join: Join, goes_on: Callable[[LangGraphClient], Awaitable[bool]], patience: float
) -> AsyncGenerator[StreamEvent]:
    """Yield the events of a stream, which is joined again after each break while it goes on."""
    reader, last, pause = StreamReader(), None, PAUSES[0]
    while True:
        if not await _answers(url):
            yield StreamEvent("away")
            await _wait_until_back(url, patience)
            yield StreamEvent("back")
        try:
            async with get_client(url=url, timeout=SILENCE) as client:
                client.http.client.event_hooks["response"].append(_without_location)
                async for part in await join(client, last):
                    last, pause = part.id or last, PAUSES[0]
                    if event := reader.read(part):
                        yield event
                if not await goes_on(client):
                    return
        except APIStatusError as error:
            raise _refused(error) from None
        except httpx.HTTPError:
            pass  # cut off: whether the server is still there is seen above
        await asyncio.sleep(pause)
        pause = min(2 * pause, PAUSES[1])


async def _without_location(response: httpx.Response) -> None:
    """Keep the SDK from joining again by itself: it tries for 15 s and says nothing meanwhile."""
    response.headers.pop("location", None)


async def _wait_until_back(url: str, patience: float) -> None:
    """Wait until a server answers again; raise if that takes longer than `patience`."""
    pause, waited = PAUSES[0], 0.0
    while not await _answers(url):
        if waited >= patience:
            raise ServerError(
                f"The server at {url} has been away for {patience:.0f} s, and the run with it.",
                "start the server again, then press Refresh",
            )
        await asyncio.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, PAUSES[1])


async def _answers(url: str) -> bool:
    try:
        await asyncio.to_thread(require_ready, url)
    except ServerError:
        return False
    return True


def _refused(error: APIStatusError) -> NotFoundError | ServerError:
    if isinstance(error, SdkNotFoundError):
        return NotFoundError(
            "The thread or the run is not on this server any more.",
            "press Refresh and choose another thread",
        )
    return ServerError(f"The server refuses the stream: {error.message}.", "press Refresh")
