"""A line to a server that is cut, loses an answer and is mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from course_helpers import PracticeLine
from course_helpers.core.errors import CourseError, ServerError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: str) -> bytes:
    return f"{len(text):x}\r\n{text}\r\n".encode()


@asynccontextmanager
async def server(*blocks: bytes) -> AsyncIterator[str]:
    """Answer every request with these blocks, each sent on its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            for block in blocks:
                writer.write(block)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def event(n: int, end: str = "\r\n") -> str:
    return f"event: messages{end}data: {n}{end}id: {n}{end}{end}"


async def streamed(url: str) -> str:
    """Return what of a stream arrives before it breaks."""
    told = ""
    async with httpx.AsyncClient(base_url=url) as http, http.stream("GET", "/stream") as answer:
        try:
            async for text in answer.aiter_text():
                told += text
        except httpx.RemoteProtocolError:
            return told
    pytest.fail("the stream did not break")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("together", [True, False])
async def test_a_stream_is_cut_between_two_events(end: str, together: bool) -> None:
    events = [chunk(": heartbeat" + end + end), *(chunk(event(n, end)) for n in range(9))]
    blocks = [HEAD + b"".join(events)] if together else [HEAD, *events]
    async with server(*blocks) as url, PracticeLine(url) as line:
        line.cut_after(3)
        told = await streamed(line.url)
    assert told.count("event:") == 3
    assert told.endswith(event(2, end))


async def test_an_event_in_pieces_is_counted_once() -> None:
    whole = b"".join(chunk(event(n)) for n in range(5))
    pieces = [whole[n : n + 7] for n in range(0, len(whole), 7)]
    async with server(HEAD, *pieces) as url, PracticeLine(url) as line:
        line.cut_after(2)
        told = await streamed(line.url)
    assert told == event(0) + event(1)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_an_answer_is_lost_once_and_only_to_what_was_named() -> None:
    async with (
        server(OK) as url,
        PracticeLine(url) as line,
        httpx.AsyncClient(base_url=line.url) as http,
    ):
        line.lose_answer("POST /runs")
        assert (await http.post("/threads")).text == "ok"
        assert (await http.get("/runs")).text == "ok"
        assert line.connections == 1
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post("/runs?wait=1", headers={"Last-Event-ID": "7"})
        assert (await http.post("/runs")).text == "ok"
        assert line.connections == 2
    assert line.requests == ["POST /threads", "GET /runs", "POST /runs", "POST /runs"]
    assert line.resumed == ["7"]


@pytest.mark.parametrize("events", [0, -1])
async def test_a_cut_after_no_event_is_refused(events: int) -> None:
    with pytest.raises(CourseError, match=f"after {events} events"):
        PracticeLine("http://127.0.0.1:1").cut_after(events)


async def test_a_line_is_mended_at_the_same_address_and_only_once() -> None:
    async with server(OK) as url, PracticeLine(url) as line, httpx.AsyncClient() as http:
        await line.mend()  # nothing is cut
        assert (await http.get(line.url)).text == "ok"
        line.cut()
        with pytest.raises(httpx.TransportError):
            await http.get(line.url)
        await line.mend()
        await line.mend()
        assert (await http.get(line.url)).text == "ok"


async def test_a_line_ends_with_its_block() -> None:
    async with server(OK) as url:
        async with PracticeLine(url) as line:
            assert httpx.URL(line.url).host == "127.0.0.1"
        async with httpx.AsyncClient() as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(line.url)
    with pytest.raises(ServerError, match="Nothing answers at"):
        async with PracticeLine(url):
            pass
