"""What the self-checks of lesson 05 answer, with a stand-in for the server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from langgraph_sdk.errors import NotFoundError
from langgraph_sdk.schema import StreamPart

from course_helpers import check
from course_helpers.checks import lesson_05

REQUEST = httpx.Request("GET", "http://127.0.0.1:9/threads/t2")
MISSING = NotFoundError("no", response=httpx.Response(404, request=REQUEST), body=None)


def human(text: str) -> dict[str, str]:
    return {"type": "human", "content": text}


AI = {"type": "ai", "content": "Done."}


class Client:
    """The parts of a client that the checks use, on a thread with a history and to-dos."""

    def __init__(
        self, *states: list[dict[str, str]], status: str = "idle", tasks: str = ""
    ) -> None:
        self.threads = self.runs = self.store = self
        self.states, self.status, self.tasks = states, status, tasks.split()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: Any) -> None:
        pass

    async def create(self, *_: Any, **__: Any) -> dict[str, str]:
        return {"thread_id": "t1", "run_id": "r1"}

    async def join(self, thread_id: str, run_id: str) -> None:
        pass

    async def get_state(self, thread_id: str) -> dict[str, Any]:
        return {"values": {"messages": self.states[0]}}

    async def get(self, thread_id: str) -> dict[str, Any]:
        if thread_id != "t1":
            raise MISSING
        values = {"messages": self.states[0]} if self.states else None
        return {"status": self.status, "values": values}

    async def get_history(self, thread_id: str, limit: int) -> list[dict[str, Any]]:
        return [{"values": {"messages": messages}} for messages in self.states]

    async def search_items(self, where: list[str], limit: int, offset: int = 0) -> dict[str, Any]:
        kept = self.tasks if where[0] == "todo" else []
        items = [{"namespace": where, "key": t, "value": {"task": t}} for t in kept]
        return {"items": items[offset : offset + limit]}


def server(*states: list[dict[str, str]], **about: str) -> Any:
    return SimpleNamespace(client=Client(*states, **about), url="http://127.0.0.1:9")


# --- 1. whole_run -------------------------------------------------------------------------------

METADATA = StreamPart("metadata", {"run_id": "r1"})
DONE = [StreamPart("messages", [{"content": t}, {}]) for t in ("Do", "ne", ".")]


@pytest.mark.parametrize(
    ("parts", "answer"),
    [
        ([METADATA, *DONE], "Solved: All 4 parts"),
        ([], "It returns nothing"),
        ("Done.", "a list of the stream's parts"),
        (["Done."], "0 characters, but the answer has 5"),
        ([METADATA, *DONE[1:]], "3 characters, but the answer has 5"),
        ([METADATA, *DONE, DONE[-1]], "6 characters, but the answer has 5"),
        (DONE, "comes before all of them"),
    ],
)
async def test_whole_run(parts: Any, answer: str) -> None:
    async def whole_run(client: Client, thread_id: str, run_id: str) -> Any:
        assert (thread_id, run_id) == ("t1", "r1")
        return parts

    assert answer in str(await check.replays(server([human("Hi"), AI]), whole_run))


async def test_whole_run_untouched_and_failing() -> None:
    there = server([human("Hi"), AI])
    assert "still to be written" in str(await check.replays(there, ...))
    assert "still to be written" in str(await check.replays(there, lambda *_: []))

    async def fails(client: Client, thread_id: str, run_id: str) -> None:
        raise httpx.ReadError("x")

    assert "It raises this: The connection to the server was lost" in str(
        await check.replays(there, fails)
    )


# --- 2. Fork ------------------------------------------------------------------------------------

BOSS = [human("I like jazz."), AI, human("Invite the Boss."), AI]
OTHERS = [human("I like jazz."), AI, human("Invite the neighbours."), AI]


@pytest.mark.parametrize(
    ("states", "status", "answer"),
    [
        ([OTHERS, OTHERS[:3], BOSS, BOSS[:2]], "idle", "Solved"),
        ([BOSS, BOSS[:2]], "idle", "still says “boss”"),
        ([OTHERS], "idle", "Nothing in its history says “boss”"),
        ([OTHERS[:3], BOSS], "idle", "the thread is idle. Did a run"),
        ([OTHERS, BOSS], "busy", "the thread is busy"),
        ([OTHERS[2:], BOSS], "idle", "The first message should stay"),
        ([], "idle", "Is this the right thread?"),
    ],
)
async def test_forked(states: list[list[dict[str, str]]], status: str, answer: str) -> None:
    assert answer in str(await check.forked(server(*states, status=status), "t1", "boss"))


async def test_a_thread_that_is_gone() -> None:
    assert "There is no thread 't2'" in str(await check.forked(server(), "t2", "boss"))
    result = await check.reviewed(server(), "t2", "iris", "piano", "flute")
    assert "There is no thread 't2'" in str(result)


# --- 3. Approve or edit -------------------------------------------------------------------------

PIANO, FLUTE = human("Buy a piano."), human("Buy a flute.")


@pytest.mark.parametrize(
    ("said", "status", "tasks", "answer"),
    [
        ([FLUTE, AI], "idle", "Flute", "Solved"),
        ([PIANO, AI], "interrupted", "", "No message of the user's says “flute”"),
        ([PIANO, AI], "idle", "Piano", "Was it approved before the edit?"),
        ([PIANO, AI, FLUTE, AI], "idle", "Flute", "What is the id of the old one?"),
        ([FLUTE, AI], "interrupted", "", "the thread is interrupted. Did you let it go on?"),
        ([FLUTE, AI], "idle", "", "holds no to-do with “flute”"),
    ],
)
async def test_reviewed(said: list[dict[str, str]], status: str, tasks: str, answer: str) -> None:
    there = server(said, status=status, tasks=tasks)
    assert answer in str(await check.reviewed(there, "t1", "iris", "piano", "flute"))


# --- 4. send_once -------------------------------------------------------------------------------


class Line:
    """A line that loses the first answer: the run is made, and the caller never hears of it."""

    def __init__(self) -> None:
        self.threads = self.runs = self
        self.rows: list[dict[str, Any]] = []
        self.losing = ""

    def lose_answer(self, to: str) -> None:
        self.losing = to

    async def create(self, *_: Any, **given: Any) -> dict[str, Any]:
        if "assistant" not in given:
            return {"thread_id": "t1"}
        self.rows.append({"run_id": f"r{len(self.rows)}", "metadata": given.get("metadata", {})})
        if self.losing:
            self.losing = ""
            raise httpx.RemoteProtocolError("gone")
        return self.rows[-1]

    async def list(self, thread_id: str, limit: int = 10) -> list[dict[str, Any]]:
        return self.rows[::-1]

    async def join(self, thread_id: str, run_id: str) -> None:
        pass


async def naive(client: Any, thread_id: str, text: str, request_id: str) -> Any:
    return await client.runs.create(assistant="a", metadata={"request_id": request_id})


async def careful(client: Any, thread_id: str, text: str, request_id: str) -> Any:
    for run in await client.runs.list(thread_id):
        if run["metadata"].get("request_id") == request_id:
            return run
    return await naive(client, thread_id, text, request_id)


async def forgetful(client: Any, thread_id: str, text: str, request_id: str) -> Any:
    await careful(client, thread_id, text, request_id)


async def stubborn(client: Any, thread_id: str, text: str, request_id: str) -> Any:
    runs = await client.runs.list(thread_id)
    return runs[0] if runs else await naive(client, thread_id, text, request_id)


async def lazy(client: Any, thread_id: str, text: str, request_id: str) -> Any:
    return None


@pytest.mark.parametrize(
    ("send_once", "answer"),
    [
        (careful, "one request, one run"),
        (naive, "2 runs for one request"),
        (forgetful, "Does it return that run"),
        (stubborn, "compare their request_id"),
        (lazy, "It starts no run"),
    ],
)
async def test_send_once(send_once: Any, answer: str) -> None:
    line: Any = Line()
    result = await lesson_05._lose_and_repeat(line, line, send_once)
    assert answer in result.message
    assert result.passed is (send_once is careful)


async def test_send_once_untouched_and_without_a_server() -> None:
    assert "still to be written" in str(await check.sends_once(server(), ...))
    assert "Nothing answers at" in str(await check.sends_once(server(), careful))
