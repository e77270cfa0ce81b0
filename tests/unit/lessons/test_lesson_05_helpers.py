"""The helpers of lesson 05 without a server: the line, the capability table, other programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from course_helpers import PracticeLine, capabilities, run_if_installed
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.lessons.capabilities import TABLE
from tests.unit.widgets.widget_backend import ATTACK

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


def test_the_capability_table() -> None:
    table = capabilities()
    assert table.of("double_texting").behaviours >= 18
    assert repr(table).startswith("Behaviours of Aegra")
    assert "as langgraph dev (langgraph-api" in table._repr_html_()
    assert all(row.behaviours - len(row.missing) == row.engine for row in table.groups)
    with pytest.raises(CourseError, match=r"no group 'luck'.*\n.*double_texting"):
        table.of("luck")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    row = {"behaviours": 2, "engine": 1, "missing": [f"test_{ATTACK}"]}
    path = tmp_path / "capabilities.json"
    path.write_text(json.dumps({"as": "a", "engine": "b", "groups": {"runs": row}}))
    table = capabilities(path)
    assert repr(table.of("runs")) == f"runs: 1 of 2, not: test_{ATTACK}"
    assert "<script>" not in table._repr_html_()
    assert repr(table).endswith("all: 1 of 2")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"as": 1, "engine": 2, "groups": {"a": {}}}'])
def test_a_table_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / TABLE.name
    path.write_text(text)
    with pytest.raises(CourseError, match="cannot be read"):
        capabilities(path)
    with pytest.raises(CourseError, match="cannot be read"):
        capabilities(tmp_path / "none.json")


def test_a_program_is_run_with_its_files(
    program: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    program("show", 'printf "\\033[31m%s\\033[0m $FORCE_COLOR" "$(cat "$1")"')
    assert run_if_installed("show a.txt", {"a.txt": "hello"}) == "hello"
    assert capsys.readouterr().out == "$ show a.txt\nhello\n"


def test_a_program_that_is_missing_or_fails(
    program: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_if_installed("no-such-program --help") is None
    assert "no-such-program is not installed here" in capsys.readouterr().out
    program("fails", 'echo "at line 3" >&2; echo "TypeError: fetch failed" >&2; exit 1')
    with pytest.raises(CourseError, match=r"fails failed \(1\): TypeError: fetch failed"):
        run_if_installed("fails")
    program("silent", "exit 3")
    with pytest.raises(CourseError, match="it says nothing"):
        run_if_installed("silent")
