"""A line to a server that can be cut: a TCP relay, so that what breaks is a real connection."""

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
    """A second address of a server, over which one can lose the connection on purpose.

    Use it with `async with PracticeLine(server.url) as line:`; at the block's end it is closed.
    The cuts that wait for something happen once; whoever connects again is let through.

    Args:
        server_url: where the server answers, for instance `http://127.0.0.1:8123`.

    Attributes:
        url: where the line begins: the address for a client.
        connections: how many times a client has connected.
        requests: what went over it, for instance `POST /threads/…/runs`.
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
        """Cut the next stream after so many of its events have arrived.

        Args:
            events: how many, at least one.

        Raises:
            CourseError: it is less.
        """
        if events < 1:
            raise CourseError(
                f"A stream cannot be cut after {events} events.",
                "give 1 or more; cut() cuts at once",
            )
        self._events_left = events

    def lose_answer(self, to: str = "POST") -> None:
        """Cut the line when the server next answers: the request arrives, its answer does not.

        Args:
            to: how the request begins, for instance `POST /threads`.
        """
        self._losing = to

    def cut(self) -> None:
        """Cut every connection, and let nobody through until it is mended."""
        assert self._server is not None
        self._server.close()
        for call in self._calls:
            call.cancel()

    async def mend(self) -> None:
        """Let clients through again, at the same address; a line that is whole stays as it is."""
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
            there = asyncio.ensure_future(self._there(call, reader, far_writer))
            back = asyncio.ensure_future(self._back(call, far_reader, writer))
            await _until_one_ends(there, back)
        except (OSError, asyncio.CancelledError):
            pass  # the line is closed, or the server has gone: the client sees a lost connection
        finally:
            for end in ends:
                end.close()

    async def _there(
        self, call: _Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what the client sends, and note each request."""
        while block := await reader.read(_BLOCK):
            for request in _REQUEST.findall(block):
                call.request = request.decode()
                self.requests.append(call.request)
            self.resumed += [event_id.decode() for event_id in _RESUMED.findall(block)]
            writer.write(block)
            await writer.drain()

    async def _back(
        self, call: _Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what the server answers, up to the cut."""
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
        """Return what of a block may pass, and whether to cut then."""
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
    """One connection: what was asked last, and the beginning of an event that goes on."""

    request: str = ""
    pending: bytes = b""


async def _until_one_ends(*ways: asyncio.Future[None]) -> None:
    """Return when one of the two ways has ended, and end the other."""
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
