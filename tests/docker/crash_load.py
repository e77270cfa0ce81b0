"""A load on a stack that crashes: clients that do not give up, and the ledger of their requests.

Each client has a thread of its own and asks for one to-do after the other, as lesson 05 tells it
to: it makes all ids itself, and looks before it repeats. What it was answered is in the ledger.
How long each client pauses follows from a seed.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

from course_helpers.core.settings import GRAPH
from course_helpers.stack.compose import stack_url
from tests.docker.crash_killer import Kill, kill_at_random

AGAIN = (0.5, 1.5)  # seconds before a client tries again
PATIENCE = httpx.Timeout(120, connect=5)  # a request that is given up may still arrive later
TOO_LONG = 150.0  # seconds after which a client no longer waits for the end of its run
FINAL = ("success", "error", "timeout", "interrupted")
ACKNOWLEDGED, REFUSED = "acknowledged", "refused"
UNREACHED, UNKNOWN = "unreached", "unknown"  # nobody listened; the connection broke


@dataclass(frozen=True)
class Load:
    """How much is asked for, and for how long.

    Attributes:
        threads: how many clients there are, each with a thread and a to-do list of its own.
        seconds: how long they go on; longer, if not every service has been killed by then.
        pause: mean seconds from the end of a client's run to its next request.
        seed: of all that is random.
    """

    threads: int
    seconds: float
    pause: float
    seed: int


SHORT = Load(threads=20, seconds=20, pause=2, seed=9)
LONG = Load(threads=200, seconds=120, pause=80, seed=9)  # 2 runs/s, which two cores can do


class Answer(NamedTuple):
    """What became of one attempt: when it was sent and answered, by this computer's clock."""

    sent: float
    came: float
    kind: str


@dataclass
class Request:
    """A request for one to-do, sent until its run is known.

    Attributes:
        request_id: which the run carries in its metadata.
        thread_id: where it runs.
        user_id: whose list the to-do is for.
        word: which is in this to-do, and in no other.
        run_id: empty until it is known.
        answers: to each attempt.
    """

    request_id: str
    thread_id: str
    user_id: str
    word: str
    run_id: str = ""
    answers: list[Answer] = field(default_factory=list)

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        message = {"role": "user", "content": f"Remind me to call guest {self.word}."}
        return {
            "assistant_id": GRAPH,
            "input": {"messages": [message]},
            "context": {"user_id": self.user_id},
            "metadata": {"request_id": self.request_id},
            "if_not_exists": "create",
        }


class Client:
    """Asks for to-dos on one thread, one after the other.

    Args:
        http: to the server.
        number: which client it is.
        load: how much is asked for.
        ledger: where each request is entered before it is sent.
    """

    def __init__(
        self, http: httpx.AsyncClient, number: int, load: Load, ledger: list[Request]
    ) -> None:
        self._http, self._number, self._pause, self._ledger = http, number, load.pause, ledger
        self._random = random.Random(f"{load.seed} {number}")
        self._thread_id = self._uuid()

    async def converse(self, over: asyncio.Event) -> None:
        """Ask until it is over, and see each run to its end."""
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._random.uniform(0, 2 * self._pause))
                return
            request = self._next()
            await self.send(request)
            await self._see_to_its_end(request)

    async def send(self, request: Request) -> None:
        """Send a request until its run is known."""
        while not request.run_id:
            sent = time.time()
            kind, request.run_id = await self._post(request)
            request.answers.append(Answer(sent, time.time(), kind))
            if not request.run_id:
                request.run_id = await self._look(request)

    def _next(self) -> Request:
        user_id, word = f"crash-{self._number:03}", word_of(len(self._ledger))
        request = Request(self._uuid(), self._thread_id, user_id, word)
        self._ledger.append(request)
        return request

    async def _post(self, request: Request) -> tuple[str, str]:
        """Send a request once; return what kind of answer it got, and the run's id."""
        try:
            answer = await self._http.post(self._runs, json=request.body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return UNREACHED, ""
        except httpx.TransportError:
            return UNKNOWN, ""
        if answer.is_success:
            return ACKNOWLEDGED, answer.json()["run_id"]
        assert answer.is_server_error, answer.text  # the request itself is right
        return REFUSED, ""

    async def _look(self, request: Request) -> str:
        """Return the run that a request has made; empty if it has made none."""
        while True:
            await asyncio.sleep(self._random.uniform(*AGAIN))
            answer = await self._get(f"{self._runs}?limit=100")
            if answer is not None and answer.status_code == 404:
                return ""  # not even the thread is there
            if answer is not None and answer.is_success:
                found = (r for r in answer.json() if r["metadata"].get("request_id"))
                ids = {r["metadata"]["request_id"]: r["run_id"] for r in found}
                return ids.get(request.request_id, "")

    async def _see_to_its_end(self, request: Request) -> None:
        """Wait until a run has ended, or for `TOO_LONG`: then the report calls it lost."""
        run = f"{self._runs}/{request.run_id}"
        with suppress(TimeoutError):
            async with asyncio.timeout(TOO_LONG):
                while not await self._has_ended(run):  # noqa: ASYNC110 (asked by HTTP)
                    await asyncio.sleep(self._random.uniform(*AGAIN))

    async def _has_ended(self, run: str) -> bool:
        """Wait for a run and return whether it has ended; a broken connection does not tell."""
        await self._get(f"{run}/join")
        answer = await self._get(run)
        return answer is not None and answer.is_success and answer.json()["status"] in FINAL

    async def _get(self, path: str) -> httpx.Response | None:
        try:
            return await self._http.get(path)
        except httpx.TransportError:
            return None

    @property
    def _runs(self) -> str:
        return f"/threads/{self._thread_id}/runs"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def word_of(number: int) -> str:
    """Return a word for a number that is in no language, so that it is no date and no verb."""
    return "zq" + "".join("bcdfghjklm"[int(digit)] for digit in f"{number:05}")


async def crash(load: Load) -> tuple[list[Request], list[Kill]]:
    """Run the load on the stack and kill its containers, until each run has ended."""
    ledger: list[Request] = []
    over = asyncio.Event()
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=stack_url(), timeout=PATIENCE, limits=limits) as http,
        asyncio.TaskGroup() as group,
    ):
        for number in range(load.threads):
            group.create_task(Client(http, number, load, ledger).converse(over))
        kills = await kill_at_random(load.seconds, load.seed)
        over.set()
    return ledger, kills
