"""What the self-checks of lesson 06 answer, with a stand-in for the server."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

from course_helpers import check
from course_helpers.checks import lesson_06
from course_helpers.lessons.busy_thread import BusyThread

REQUEST = httpx.Request("POST", "http://127.0.0.1:9")
LYON, NICE = "Book the train to Lyon", "Book the train to Nice"
THREE = ["interrupted", "interrupted", "success"]


def refusal(kind: type[Any], code: int) -> Any:
    return kind("no", response=httpx.Response(code, request=REQUEST), body=None)


class Client:
    """The parts of a client that the checks use."""

    def __init__(self, *runs: str, said: tuple[str, ...] = (), tasks: tuple[str, ...] = ()) -> None:
        self.threads = self.runs = self.store = self
        self.rows = [
            dict(zip(("multitask_strategy", "status"), r.split(), strict=True)) for r in runs
        ]
        for n, row in enumerate(self.rows):
            row["run_id"] = f"r{n}"
        self.said, self.tasks = said, list(tasks)
        self.deleted: list[Any] = []
        self.joined: list[str] = []

    async def get(self, thread_id: str) -> dict[str, Any]:
        if thread_id != "t1":
            raise refusal(NotFoundError, 404)
        return {"thread_id": thread_id}

    async def list(self, thread_id: str, limit: int) -> Sequence[dict[str, str]]:
        return self.rows[::-1][:limit]

    async def get_state(self, thread_id: str) -> dict[str, Any]:
        messages = [{"type": "human", "content": text} for text in self.said]
        return {"values": {"messages": [*messages, {"type": "ai", "content": "Done."}]}}

    async def search_items(
        self, where: Sequence[str], limit: int = 10, offset: int = 0
    ) -> dict[str, Any]:
        found = [{"namespace": where, "key": t, "value": {"task": t}} for t in self.tasks]
        return {"items": found[offset : offset + limit]}

    async def delete_item(self, where: Sequence[str], key: str) -> None:
        self.deleted.append(key)

    async def delete(self, thread_id: str) -> None:
        self.deleted.append(thread_id)

    async def join(self, thread_id: str, run_id: str) -> None:
        self.joined.append(run_id)


def server(client: Client) -> Any:
    return SimpleNamespace(client=client)


# --- 1. Three in a row ----------------------------------------------------------------------------


async def predicted(client: Client, prediction: Any, thread_id: Any = "t1") -> str:
    return str(await check.predicted_runs(server(client), thread_id, prediction))


def three(*statuses: str) -> Client:
    strategies = ("enqueue", "enqueue", "interrupt")
    return Client(*(f"{a} {b}" for a, b in zip(strategies, statuses, strict=True)))


@pytest.mark.parametrize("prediction", [..., [..., ..., ...], [*THREE[:2], ...], THREE[:2], "no"])
async def test_prediction_untouched_stub(prediction: Any) -> None:
    assert "Guess first" in await predicted(Client(), prediction, ...)


@pytest.mark.parametrize("thread_id", [..., "", "t2", None, 3])
async def test_prediction_needs_a_thread(thread_id: Any) -> None:
    assert "Does my_thread_id hold" in await predicted(three(*THREE), THREE, thread_id)


@pytest.mark.parametrize(
    ("runs", "question"),
    [
        ([], "I see runs with no strategy at all"),
        (["enqueue success", "interrupt success"], "I see runs with enqueue, interrupt"),
        (["enqueue interrupted", "enqueue interrupted", "interrupt running"], "still running"),
        (["enqueue success", "enqueue interrupted", "interrupt success"], "ended before the third"),
    ],
)
async def test_prediction_needs_the_three_runs(runs: list[str], question: str) -> None:
    answer = await predicted(Client(*runs), THREE)
    assert answer.startswith("Not yet")
    assert question in answer


async def test_prediction_is_compared() -> None:
    wrong = await predicted(three(*THREE), ["interrupted", "success", "success"])
    assert "For the second run you predicted 'success'" in wrong
    assert (await predicted(three(*THREE), tuple(THREE))).startswith("Solved")


# --- 2. An edited message -------------------------------------------------------------------------


async def edited(client: Client, thread_id: Any = "t1") -> str:
    return str(await check.edited(server(client), thread_id, "nora", "trip"))


async def test_edited_untouched_stub() -> None:
    assert "Does edited_thread_id hold" in await edited(Client(), ...)


@pytest.mark.parametrize(
    ("runs", "said", "tasks", "question"),
    [
        (["enqueue running"], [LYON], [LYON], "still active"),
        (["enqueue success"], [LYON], [LYON], "Which strategy leaves only the edited one"),
        (["enqueue interrupted", "interrupt success"], [LYON, NICE], [], "Which strategy"),
        (["enqueue success"], [NICE], [NICE], "Did the first message ever run"),
        (["rollback success"], [NICE], [], "Where is the train to Nice"),
        (["rollback success"], [NICE], [LYON, NICE], "who has to see to the other"),
        (["rollback success"], [NICE], [NICE], "Solved"),
    ],
)
async def test_edited(runs: list[str], said: list[str], tasks: list[str], question: str) -> None:
    assert question in await edited(Client(*runs, said=tuple(said), tasks=tuple(tasks)))


# --- 3. Take no for an answer ---------------------------------------------------------------------


async def patient(monkeypatch: pytest.MonkeyPatch, client: Client, send: Any) -> str:
    async def busy(*_: Any) -> BusyThread:
        return BusyThread("t1", "r0")

    monkeypatch.setattr(lesson_06, "busy_thread", busy)
    return str(await check.patient_sender(server(client), send, "nora"))


async def test_patient_untouched_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Did you write send_patiently" in await patient(monkeypatch, Client(), ...)


async def refused(thread_id: str, text: str) -> None:
    raise refusal(ConflictError, 409)


async def mistaken(thread_id: str, text: str) -> None:
    raise KeyError("run_id")


async def quiet(thread_id: str, text: str) -> None:
    """Send nothing: the stand-in holds the runs already."""


FIRST = "enqueue success"


@pytest.mark.parametrize(
    ("send", "runs", "question"),
    [
        (print, [FIRST], "begin with async def"),
        (refused, [FIRST], "The 409 came through"),
        (mistaken, [FIRST], "ended with KeyError: 'run_id'"),
        (quiet, [FIRST], "Nothing was sent"),
        (quiet, [FIRST, "reject success", "reject success"], "I see 3 runs"),
        (quiet, [FIRST, "enqueue success"], "came with 'enqueue'"),
        (quiet, ["enqueue interrupted", "reject success"], "What became of the first"),
        (quiet, [FIRST, "reject success"], "Solved"),
    ],
)
async def test_patient(
    monkeypatch: pytest.MonkeyPatch, send: Any, runs: list[str], question: str
) -> None:
    client = Client(*runs, tasks=(LYON,))
    assert question in await patient(monkeypatch, client, send)
    assert client.deleted == ["t1", LYON]  # the check leaves nothing behind
