"""A TCP relay to a server, whose connections can be cut.

A fake `httpx` transport would be shorter, but what a lesson shows is a real connection that breaks.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from course_helpers.core.errors import CourseError, ServerError
from course_helpers.core.ports import HOST

_BLOCK = 65536  # bytes that are passed on at a time
_REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE) /[^\s?]*(?=\S* HTTP/1\.1\r\n)")
_RESUMED = re.compile(rb"\r\nlast-event-id: *(\S+)\r\n", re.I)
_EVENT = re.compile(rb"\nevent:.*?(?:\r\n\r\n|\n\n)", re.S)  # of a text/event-stream


class PracticeLine:
    """A second address of a server, whose connections can be broken on purpose.

    Use it with `async with PracticeLine(server.url) as line:`; at the block's end it is closed.
    `cut_after` and `lose_answer` cut once; clients that connect again are let through.

    Args:
        server_url: where the server answers, for instance `http://127.0.0.1:8123`.

    Attributes:
        url: the address for clients.
        connections: how many times a client has connected.
        requests: the requests that clients sent, for instance `POST /threads/…/runs`.
        resumed: the Last-Event-ID of each request that had one.

    Raises:
        ServerError: at the block's start, if nothing answers at `server_url`.
    """

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self._host, self._port = parts.hostname or HOST, parts.port or 80
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._events_left: int | None = None
        self._losing: str | None = None
        self.url = ""
        self.connections = 0
        self.requests: list[str] = []
        self.resumed: list[str] = []

    def cut_after(self, events: int) -> None:
        """Cut the next stream after a number of events.

        Args:
            events: how many, at least one.

        Raises:
            CourseError: `events` is less than one.
        """
        if events < 1:
            raise CourseError(
                f"A stream cannot be cut after {events} events.",
                "give 1 or more; cut() cuts at once",
            )
        self._events_left = events

    def lose_answer(self, to: str = "POST") -> None:
        """Cut the connection at the server's next answer: the request arrives, its answer does not.

        Args:
            to: the beginning of the request, for instance `POST /threads`.
        """
        self._losing = to

    def cut(self) -> None:
        """Cut every connection, and accept no new ones until `mend`."""
        assert self._server is not None
        self._server.close()
        for call in self._calls:
            call.cancel()

    async def mend(self) -> None:
        """Accept connections again, at the same address; without a cut, this does nothing."""
        assert self._server is not None
        if self._server.is_serving():
            return
        self._server = await asyncio.start_server(self._call, HOST, urlsplit(self.url).port)

    async def __aenter__(self) -> PracticeLine:
        try:
            _, knock = await asyncio.open_connection(self._host, self._port)
        except OSError:
            what = f"Nothing answers at http://{self._host}:{self._port}."
            raise ServerError(what, "run the cell with connect() again, then this one") from None
        knock.close()
        self._server = await asyncio.start_server(self._call, HOST, 0)
        self.url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.cut()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either side closes it, or it is cut."""
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        self.connections += 1
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
            ends.append(far_writer)
            call = _Call()
            requests = asyncio.ensure_future(self._relay_requests(call, reader, far_writer))
            answers = asyncio.ensure_future(self._relay_answers(call, far_reader, writer))
            await _until_one_ends(requests, answers)
        except (OSError, asyncio.CancelledError):
            pass  # the line is closed, or the server has gone: the client sees a lost connection
        finally:
            for end in ends:
                end.close()

    async def _relay_requests(
        self, call: _Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Forward what the client sends, and record each request."""
        while block := await reader.read(_BLOCK):
            for request in _REQUEST.findall(block):
                call.request = request.decode()
                self.requests.append(call.request)
            self.resumed += [event_id.decode() for event_id in _RESUMED.findall(block)]
            writer.write(block)
            await writer.drain()

    async def _relay_answers(
        self, call: _Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Forward what the server answers, up to the cut."""
        while block := await reader.read(_BLOCK):
            if self._losing is not None and call.request.startswith(self._losing):
                self._losing = None
                return
            passed, cut = self._until_cut(call, block)
            writer.write(passed)
            await writer.drain()
            if cut:
                return

    def _until_cut(self, call: _Call, block: bytes) -> tuple[bytes, bool]:
        """Return the part of a block to forward, and whether to cut the connection after it."""
        if self._events_left is None:
            return block, False
        seen, end = call.pending + block, 0
        for event in _EVENT.finditer(seen):
            end = event.end()
            self._events_left -= 1
            if self._events_left == 0:
                self._events_left = None
                return seen[len(call.pending) : end], True
        call.pending = seen[end:]
        return block, False


@dataclass
class _Call:
    """One connection: its last request, and the beginning of an event that is not complete yet."""

    request: str = ""
    pending: bytes = b""


async def _until_one_ends(*ways: asyncio.Future[None]) -> None:
    """Wait until one of the two directions has ended, and cancel the other."""
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
