"""The crash test without containers: what its clients do when answers fail, and what it notices."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from course_helpers.stack.compose import API, POSTGRES, REDIS
from tests.conformance.support import until
from tests.docker import crash_killer, crash_load, crash_report
from tests.docker.crash_figure import ABOUT, draw
from tests.docker.crash_killer import SERVICES, Kill, kill_at_random
from tests.docker.crash_load import (
    ACKNOWLEDGED,
    REFUSED,
    UNKNOWN,
    UNREACHED,
    Answer,
    Client,
    Load,
    Request,
    word_of,
)
from tests.docker.crash_report import Outcome, Run, percentile, table

LOAD = Load(threads=3, seconds=0.2, pause=0.01, seed=1)


class Server:
    """Makes runs, and fails in the given ways, one for each request."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.runs: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "nobody":
            raise httpx.ConnectError("refused")
        if failure == "lost":
            raise httpx.ReadError("cut before it arrived")
        if failure == "500":
            return httpx.Response(500)
        answer = self._answer(request)
        if failure == "cut":
            raise httpx.RemoteProtocolError("cut before the answer")
        return httpx.Response(500) if failure == "committed" else answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent, run_id = json.loads(request.content), f"run-{len(self.runs)}"
            self.runs.append({"run_id": run_id, "status": "success", **sent})
            return httpx.Response(200, json={"run_id": run_id})
        if request.url.path.endswith("/runs"):
            return httpx.Response(200 if self.runs else 404, json=self.runs)
        return httpx.Response(200, json=self.runs[-1])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_load, "AGAIN", (0.0, 0.01))
    monkeypatch.setattr(crash_killer, "BETWEEN", (0.0, 0.01))


def client(server: Server, ledger: list[Request] | None = None) -> Client:
    http = httpx.AsyncClient(base_url="http://server", transport=httpx.MockTransport(server))
    return Client(http, 1, LOAD, [] if ledger is None else ledger)


# --- The clients ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "kinds"),
    [
        ([], [ACKNOWLEDGED]),
        (["500"], [REFUSED, ACKNOWLEDGED]),
        (["committed"], [REFUSED]),  # Postgres died just after it had kept it
        (["nobody", "nobody"], [UNREACHED, ACKNOWLEDGED]),  # the second: nor when it looks
        (["lost"], [UNKNOWN, ACKNOWLEDGED]),
        (["cut"], [UNKNOWN]),
        (["cut", "500", "nobody"], [UNKNOWN]),  # looked for until somebody answers
        (["500", "", "nobody", "", "lost"], [REFUSED, UNREACHED, UNKNOWN, ACKNOWLEDGED]),
    ],
)
async def test_a_request_makes_one_run_whatever_fails(
    failures: list[str], kinds: list[str]
) -> None:
    server = Server(*failures)
    request = Request("id", "thread", "ada", "zq")
    await client(server).send(request)
    assert [answer.kind for answer in request.answers] == kinds
    assert [run["run_id"] for run in server.runs] == [request.run_id]
    assert server.runs[0]["metadata"] == {"request_id": "id"}
    assert all(answer.sent <= answer.came for answer in request.answers)


async def test_a_request_that_is_wrong_ends_the_test() -> None:
    http = httpx.AsyncClient(
        base_url="http://server", transport=httpx.MockTransport(lambda _: httpx.Response(422))
    )
    with pytest.raises(AssertionError):
        await Client(http, 1, LOAD, []).send(Request("id", "thread", "ada", "zq"))


async def test_a_client_goes_on_until_it_is_over() -> None:
    server, ledger, over = Server(), list[Request](), asyncio.Event()
    task = asyncio.create_task(client(server, ledger).converse(over))

    async def three() -> bool:
        return len(server.runs) >= 3

    await until(three)
    over.set()
    await task
    assert (
        len(ledger) == len(server.runs) == len({r["metadata"]["request_id"] for r in server.runs})
    )
    assert len({request.thread_id for request in ledger}) == 1
    assert all(request.run_id for request in ledger)


async def test_a_client_gives_up_a_run_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_load, "TOO_LONG", 0.1)
    server, ledger, over = Server(), list[Request](), asyncio.Event()
    answer = server._answer

    def never(request: httpx.Request) -> httpx.Response:
        over.set()
        given = answer(request)
        for made in server.runs:
            made["status"] = "running"
        return given

    monkeypatch.setattr(server, "_answer", never)
    await client(server, ledger).converse(over)
    assert [request.run_id for request in ledger] == ["run-0"]


def test_each_word_is_another_and_in_no_other() -> None:
    words = [word_of(number) for number in range(3000)]
    assert len(set(words)) == 3000
    assert {len(word) for word in words} == {7}


# --- The killer -------------------------------------------------------------------------------


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Return the list of what would have been done in Docker."""
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(crash_killer, "DOWN", (0.0, 0.01))
    monkeypatch.setattr(crash_killer, "container_id", lambda service: f"id-of-{service}")
    monkeypatch.setattr(crash_killer, "docker", lambda *words: done.append(words))
    monkeypatch.setattr(crash_killer, "whole", lambda: True)
    return done


async def test_every_service_is_killed_and_started_again(commands: list[tuple[str, ...]]) -> None:
    kills = await kill_at_random(0, seed=1)
    assert sorted(kill.service for kill in kills) == sorted(SERVICES)
    expected = [(word, f"id-of-{k.service}") for k in kills for word in ("kill", "start")]
    assert commands == expected
    assert [kill.at for kill in kills] == sorted(kill.at for kill in kills)


async def test_the_order_follows_from_the_seed(commands: list[tuple[str, ...]]) -> None:
    orders = [[k.service for k in await kill_at_random(0, seed)] for seed in (1, *range(1, 9))]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) > 1


# --- What it notices --------------------------------------------------------------------------


def request(number: int, *kinds: str, run_id: str | None = None) -> Request:
    answers = [Answer(float(n), n + 0.5, kind) for n, kind in enumerate(kinds, 1)]
    run_id = f"run-{number}" if run_id is None else run_id
    return Request(f"id-{number}", "thread", "ada", word_of(number), run_id, answers)


def run(number: int, status: str = "success", made: float = 0, ended: float = 1) -> Run:
    return Run(f"run-{number}", status, f"id-{number}", made, ended)


def outcome(**changed: Any) -> Outcome:
    """Return the outcome of two requests, in which all is well unless said otherwise."""
    well: dict[str, Any] = {
        "requests": [request(0, ACKNOWLEDGED), request(1, REFUSED, UNKNOWN)],
        "kills": [Kill(API, 0.5)],
        "runs": [run(0), run(1)],
        "todos": [("ada", f"Call guest {word_of(n)}") for n in (0, 1)],
    }
    return Outcome(LOAD, **{**well, **changed})


def faults(found: Outcome) -> list[str]:
    parts: dict[str, Callable[[Outcome], Any]] = {
        "lost": lambda o: o.lost,
        "doubled": lambda o: o.doubled,
        "to-do lost": lambda o: o.lost_todos,
        "to-do doubled": lambda o: o.doubled_todos,
    }
    return [name for name, part in parts.items() if part(found)]


@pytest.mark.parametrize(
    ("changed", "noticed"),
    [
        ({}, []),
        ({"runs": [run(1)]}, ["lost"]),
        ({"runs": [run(0, "running"), run(1)]}, ["lost"]),
        ({"runs": [run(0), run(1), run(1)._replace(run_id="another")]}, ["doubled"]),
        ({"todos": [("ada", f"Call guest {word_of(0)}")]}, ["to-do lost"]),
        ({"todos": [("ada", f"Call {word_of(n)}") for n in (0, 1, 1)]}, ["to-do doubled"]),
        ({"todos": [("leo", f"Call {word_of(n)}") for n in (0, 1)]}, ["to-do lost"]),
        ({"runs": [run(0), run(1, "error")], "todos": [("ada", word_of(0))]}, []),
    ],
)
def test_what_is_lost_or_doubled(changed: dict[str, Any], noticed: list[str]) -> None:
    assert faults(outcome(**changed)) == noticed


def test_a_request_that_was_never_acknowledged_is_not_lost() -> None:
    assert faults(outcome(requests=[request(0, UNKNOWN, run_id="")], runs=[])) == []


def test_answers_and_what_had_arrived() -> None:
    found = outcome()
    assert [found.answers(kind) for kind in (ACKNOWLEDGED, REFUSED, UNKNOWN)] == [1, 1, 1]
    assert [found.arrived(kind) for kind in (REFUSED, UNKNOWN)] == [0, 1]


def test_a_run_counts_for_each_kill_that_hit_it() -> None:
    kills = [Kill(API, 10), Kill(REDIS, 20), Kill(API, 30)]
    runs = [run(0, made=9, ended=13), run(1, made=9, ended=25), run(2, made=31, ended=32)]
    found = outcome(kills=kills, runs=runs)
    assert {service: found.recoveries(service) for service in SERVICES} == {
        **{API: [3, 15], POSTGRES: [], REDIS: [5]}
    }


def test_silence_ends_with_an_acknowledgement_of_what_was_sent_later() -> None:
    answers = [
        Answer(1, 9, ACKNOWLEDGED),  # sent before the kill
        Answer(3, 4, REFUSED),
        Answer(5, 6, ACKNOWLEDGED),
        Answer(7, 8, ACKNOWLEDGED),
    ]
    one = Request("id", "thread", "ada", "zq", "run", answers)
    found = outcome(requests=[one], kills=[Kill(API, 2), Kill(API, 7.5)])
    assert found.silences(API) == [4, math.inf]
    assert found.silences(REDIS) == []


def test_percentiles() -> None:
    values = list(map(float, range(1, 101)))
    assert [percentile(values, p) for p in (0, 50, 95, 100)] == [1, 50, 95, 100]
    assert percentile([7], 95) == 7
    assert math.isnan(percentile([], 50))


# --- What it tells ----------------------------------------------------------------------------


def test_the_table() -> None:
    lines = table(outcome()).splitlines()
    assert lines[0] == "3 threads, 0.2 s, seed 1"
    cells = {line[:34].strip(): line[34:].strip() for line in lines[1:13]}
    assert cells["requests"] == "2"
    assert cells["acknowledged"] == "1"
    assert cells["attempts with an unknown outcome"] == "1"
    assert cells["runs: success"] == "2"
    assert cells["lost"] == cells["doubled"] == "0"
    [hit] = [line.split() for line in lines if line.startswith(API)]
    assert hit == [API, "1", "2", "0.5", "0.5", "1.0"]
    [none] = [line.split() for line in lines if line.startswith(REDIS)]
    assert none == [REDIS, "0", "0", "-", "-", "-"]


def test_the_histogram_has_a_bar_for_each_second(tmp_path: Path) -> None:
    runs = [run(n, made=0, ended=0.6 + n % 3) for n in range(9)]
    [axes] = draw(outcome(runs=runs), tmp_path / "h.svg").axes
    assert [bar.get_height() for bar in axes.patches[:3]] == [3, 3, 3]
    assert f"{API}: 9 runs" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert ABOUT in (tmp_path / "h.svg").read_text()
    draw(outcome(kills=[]), tmp_path / "none.svg")  # nothing was hit


def test_the_database_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(sql: str) -> list[dict[str, str]]:
        if sql == crash_report.TODOS:
            return [{"prefix": "todo.general.crash-001", "task": "Call"}]
        return [
            {"run_id": "r", "status": "success", "request_id": "i", "made": "1.5", "ended": "2"}
        ]

    monkeypatch.setattr(crash_report, "read_rows", read)
    found = crash_report.read_outcome(LOAD, [], [])
    assert found.runs == [Run("r", "success", "i", 1.5, 2.0)]
    assert found.todos == [("crash-001", "Call")]
