"""What the self-checks of lesson 08 answer, without Docker."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace
from typing import Any

import pytest

from course_helpers import check
from course_helpers.checks import lesson_08
from course_helpers.core.errors import ServerError
from course_helpers.core.markup import Rows

HEAVY = [("t-2", "900"), ("t-1", "40")]


class Practice:
    """A practice stack whose Postgres may be asked only in its block."""

    def __enter__(self) -> Practice:
        os.environ["IN_PRACTICE"] = "1"
        return self

    def __exit__(self, *_: object) -> None:
        del os.environ["IN_PRACTICE"]


def weighed(
    monkeypatch: pytest.MonkeyPatch, sql: Any, *found: tuple[str, ...], wanted: Any = HEAVY
) -> str:
    def answer(statement: str) -> Rows:
        assert os.environ["IN_PRACTICE"]
        rows = wanted if "sum(octet_length(blob))" in statement else found
        return Rows({str(n): cell for n, cell in enumerate(row)} for row in rows)

    monkeypatch.setattr(lesson_08, "read_rows", answer)
    practice: Any = Practice()
    return str(check.heaviest_threads(practice, sql))


@pytest.mark.parametrize("sql", [..., "", " ", 3])
def test_heaviest_untouched_stub(monkeypatch: pytest.MonkeyPatch, sql: Any) -> None:
    assert "Not yet: Did you put your statement" in weighed(monkeypatch, sql)


def test_heaviest_reads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "only reads" in weighed(monkeypatch, "delete from checkpoint_blobs", *HEAVY)


def test_heaviest_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    assert weighed(monkeypatch, "select 1", *HEAVY).startswith("Solved: 2 threads")


@pytest.mark.parametrize(
    ("found", "question"),
    [
        ([], "rows of two columns"),
        ([("t-2",), ("t-1",)], "rows of two columns"),
        (HEAVY[:1], "1 rows for 2 threads"),
        ([("t-2", "899"), ("t-1", "40")], "you return '899', but I find 900"),
        ([("x", "900"), ("t-1", "40")], "I find no such thread"),
        (HEAVY[::-1], "Which thread comes first?"),
    ],
)
def test_heaviest_not_yet(
    monkeypatch: pytest.MonkeyPatch, found: list[tuple[str, ...]], question: str
) -> None:
    assert question in weighed(monkeypatch, "select 1", *found)


def test_heaviest_without_threads_or_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Did you run the cells above?" in weighed(monkeypatch, "select 1", wanted=[])

    def refuse(_: str) -> Rows:
        raise ServerError("Postgres does not run.", "make up")

    monkeypatch.setattr(lesson_08, "read_rows", refuse)
    practice: Any = Practice()
    assert check.heaviest_threads(practice, "select 1").message == "Postgres does not run."


def solution(before: Any, after: Any) -> list[str]:
    return sorted(name for name in before | after if before.get(name) != after.get(name))


def test_differences_solved() -> None:
    assert check.tells_differences(solution).passed


@pytest.mark.parametrize(
    ("function", "question"),
    [
        (..., "Did you write differences?"),
        (lambda before, after: None, "Is that a list"),
        (lambda before, after: "store", "Is that a list"),
        (lambda before, after: before[1], "KeyError"),
        (lambda before, after: ["store"], "Given two moments that are the same, it named"),
        (lambda before, after: [], "Given one more row in store, it named nothing"),
        (
            lambda b, a: [t for t in b | a if b.get(t, (0,))[0] != a.get(t, (0,))[0]],
            "Given a changed row in store, with as many rows as before",
        ),
        (lambda b, a: [t for t in b if t in a and b[t] != a[t]], "Given a table runs that is gone"),
        (lambda b, a: [t for t in b if b[t] != a.get(t)], "Given a new table crons"),
    ],
)
def test_differences_not_yet(function: Any, question: str) -> None:
    result = check.tells_differences(function)
    assert not result.passed
    assert question in result.message


class Server:
    """The part of a server that the check and a nightly job use; searches find the newest ten."""

    def __init__(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.client = SimpleNamespace(threads=self, runs=SimpleNamespace(wait=self.wait))

    async def create(self, metadata: dict[str, str]) -> dict[str, Any]:
        made = {"thread_id": f"t{len(self.all)}", "metadata": metadata, "history": []}
        self.all[made["thread_id"]] = made
        return made

    async def wait(self, thread_id: str, *_: Any, **__: Any) -> None:
        self.all[thread_id]["history"] = [{"values": {"messages": [n]}} for n in (2, 1, 0)]

    async def search(self, metadata: dict[str, str], limit: int = 10, **_: Any) -> list[Any]:
        newest = reversed(self.all.values())
        return [t for t in newest if metadata.items() <= t["metadata"].items()][:limit]

    async def get_state(self, thread_id: str) -> Any:
        return self.all[thread_id]["history"][0]

    async def get_history(self, thread_id: str, limit: int) -> Any:
        return self._found(thread_id)["history"][:limit]

    async def prune(self, thread_ids: list[str], *, strategy: str = "delete") -> None:
        for thread_id in thread_ids:
            if strategy == "delete":
                del self.all[thread_id]
            else:
                del self.all[thread_id]["history"][1:]

    async def delete(self, thread_id: str) -> None:
        self._found(thread_id)
        del self.all[thread_id]

    def _found(self, thread_id: str) -> Any:
        if thread_id not in self.all:
            raise Gone
        return self.all[thread_id]


class Gone(Exception):
    """Stands in for the SDK's NotFoundError, which needs an answer over HTTP."""


async def tidy(client: Any) -> None:
    marked = await client.threads.search(metadata={"keep": "latest"}, limit=1000)
    ids = [thread["thread_id"] for thread in marked]
    await client.threads.prune(ids, strategy="keep_latest")


async def forgets_the_limit(client: Any) -> None:
    marked = await client.threads.search(metadata={"keep": "latest"})
    await client.threads.prune([t["thread_id"] for t in marked], strategy="keep_latest")


async def deletes(client: Any) -> None:
    marked = await client.threads.search(metadata={"keep": "latest"}, limit=1000)
    await client.threads.prune([t["thread_id"] for t in marked])


async def prunes_everything(client: Any) -> None:
    found = await client.threads.search(metadata={}, limit=1000)
    await client.threads.prune([t["thread_id"] for t in found], strategy="keep_latest")


async def begins_each_search_anew(client: Any) -> None:
    while await client.threads.search(metadata={"keep": "latest"}):  # noqa: ASYNC110 (endless)
        await asyncio.sleep(0)  # a real client waits for its answer


async def fails(client: Any) -> None:
    raise ValueError("no")


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (..., "Not yet: Did you write tidy?"),
        (tidy, "Solved"),
        (forgets_the_limit, "still has 3 checkpoints. There are more than a hundred"),
        (deletes, "Which strategy of prune keeps its newest state?"),
        (prunes_everything, "marked {'keep': 'history'} has lost its history"),
        (begins_each_search_anew, "It has not ended after 0 s. Does each search begin"),
        (fails, "ended with ValueError: no"),
        (lambda client: None, "begin with async def"),
    ],
)
async def test_tidied(monkeypatch: pytest.MonkeyPatch, function: Any, answer: str) -> None:
    monkeypatch.setattr(lesson_08, "NotFoundError", Gone)
    monkeypatch.setattr(lesson_08, "PATIENCE", 0.1)
    server: Any = Server()
    assert answer in str(await check.tidied(server, function))
    assert server.all == {}
