"""A backup of the stack in Docker, as several tests restore it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_helpers.backup import commands
from course_helpers.backup.manifest import Manifest
from course_helpers.stack.postgres import ask
from tests.conformance.support import Held, Server
from tests.docker.replicas import connected, done, other


@dataclass(frozen=True)
class Saved:
    """A backup, made while one run stood in its middle node and another waited behind it.

    Attributes:
        path: the file.
        manifest: what `save` has returned.
        contents: what the API said of everything that was at rest.
        thread_id: the thread of the two runs.
        run_ids: the two runs, which have ended since.
        gate: what the first one waited for.
    """

    path: Path
    manifest: Manifest
    contents: dict[str, Any]
    thread_id: str
    run_ids: list[str]
    gate: str

    def held(self, server: Server) -> Held:
        return Held(server, self.thread_id, self.run_ids[0], self.gate)


async def make_backup(url: str, path: Path) -> Saved:
    async with connected(url) as [server]:
        for _ in range(3):
            await server.ran()
        await server.client.store.put_item(["notes", "ada"], "a", {"text": "Grüße, 'quoted'"})
        await server.client.assistants.create("counter", name="mine", metadata={"owner": "ada"})
        held = await server.hold(await server.thread(), stream_resumable=True)
        waiting = await other(server, held.thread_id, "second")
        manifest = await asyncio.to_thread(commands.save, path)
        contents = await contents_of(server, held.thread_id)
        await held.release()
        await server.ended(held.thread_id, waiting)
        assert await server.log(held.thread_id) == [*done("first"), *done("second")]
    run_ids = [held.run_id, waiting]
    return Saved(path, manifest, contents, held.thread_id, run_ids, held.gate)


async def contents_of(server: Server, but: str) -> dict[str, Any]:
    """Return all that the API says of threads (but one), assistants and the store."""
    client = server.client
    threads = [t for t in await client.threads.search(limit=100) if t["thread_id"] != but]
    ids = sorted(thread["thread_id"] for thread in threads)
    return {
        "threads": sorted(threads, key=lambda thread: thread["thread_id"]),
        "states": [await client.threads.get_state(i) for i in ids],
        "histories": [await client.threads.get_history(i, limit=100) for i in ids],
        "runs": [await client.runs.list(i) for i in ids],
        "store": (await client.store.search_items(["notes"], limit=100))["items"],
        "assistants": await client.assistants.search(limit=100, sort_by="assistant_id"),
    }


def databases() -> set[str]:
    return {name for (name,) in ask("select datname from pg_database where not datistemplate")}
