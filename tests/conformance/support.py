"""What every row gets: a server, a client for it, and ways to hold and await runs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from langgraph_sdk.client import LangGraphClient

from tests.conformance.receiver import Receiver

GRAPHS = Path(__file__).parent / "graphs"
ENGINE_URL = "CONFORMANCE_ENGINE_URL"  # the variable that says where the engine serves them
TIMEOUT = 15.0  # seconds for anything that a test waits for


@dataclass(frozen=True)
class Server:
    """A server under test.

    Attributes:
        url: where it answers.
        client: langgraph-sdk's, for most rows.
        http: for what the SDK cannot request, or hides.
        receiver: where it can post webhooks to.
    """

    url: str
    client: LangGraphClient
    http: httpx.AsyncClient
    receiver: Receiver

    async def thread(self, **options: Any) -> str:
        """Create a thread and return its id."""
        return (await self.client.threads.create(**options))["thread_id"]

    async def run(
        self, thread_id: str | None, graph: str, input: Any = None, **options: Any
    ) -> dict[str, Any]:
        """Run to the end and return the last values.

        By streaming: `wait` takes as long as a server's polling does, on every row.
        """
        parts = await self.parts(thread_id, graph, input, **options)
        return next((part.data for part in reversed(parts) if part.event == "values"), {})

    async def parts(
        self, thread_id: str | None, graph: str, input: Any = None, **options: Any
    ) -> list[Any]:
        """Run to the end and return all parts of the stream."""
        stream = self.client.runs.stream(thread_id, graph, input=input, **options)
        return [part async for part in stream]

    async def ran(self, graph: str = "counter", input: Any = None) -> str:
        """Return a thread on which a graph has run."""
        thread_id = await self.thread()
        await self.run(thread_id, graph, {"log": ["start"]} if input is None else input)
        return thread_id

    async def hold(self, thread_id: str, name: str = "first", **options: Any) -> Held:
        """Start the graph `held` and wait until it stands in its middle node."""
        gate = uuid.uuid4().hex
        run = await self.client.runs.create(
            thread_id, "held", input={"name": name, "gate": gate}, **options
        )
        held = Held(self, thread_id, run["run_id"], gate)
        await until(lambda: self.stored("reached", gate))
        return held

    async def stored(self, namespace: str, key: str) -> bool:
        """Return whether the store has an item."""
        answer = await self.http.get("/store/items", params={"namespace": namespace, "key": key})
        return answer.status_code == 200 and bool(answer.json())

    async def log(self, thread_id: str) -> list[str]:
        """Return what a thread's state says was done."""
        return (await self.client.threads.get_state(thread_id))["values"].get("log", [])

    async def status(self, thread_id: str, run_id: str) -> str:
        """Return a run's status; "gone" if there is no such run."""
        answer = await self.http.get(f"/threads/{thread_id}/runs/{run_id}")
        return "gone" if answer.status_code == 404 else answer.json()["status"]

    async def ended(self, thread_id: str, run_id: str) -> str:
        """Return the status with which a run has ended."""

        async def there() -> bool:
            return await self.status(thread_id, run_id) not in ("pending", "running")

        await until(there)
        return await self.status(thread_id, run_id)

    async def settled(self, thread_id: str) -> str:
        """Return a thread's status once no run is active on it."""

        async def idle() -> bool:
            return (await self.client.threads.get(thread_id))["status"] != "busy"

        await until(idle)
        return (await self.client.threads.get(thread_id))["status"]


@dataclass(frozen=True)
class Held:
    """A run that stands in the middle node of the graph `held`."""

    server: Server
    thread_id: str
    run_id: str
    gate: str

    async def release(self) -> str:
        """Let it go on, wait for its end and return its status."""
        await self.open()
        return await self.server.ended(self.thread_id, self.run_id)

    async def open(self) -> None:
        """Let it go on."""
        await self.server.client.store.put_item(["open"], self.gate, {"open": True})


async def until(condition: Callable[[], Awaitable[bool]], within: float = TIMEOUT) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it did not within so many seconds.
    """
    async with asyncio.timeout(within):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)
