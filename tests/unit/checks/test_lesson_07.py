"""What the self-checks of lesson 07 answer, without a server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from course_helpers import check
from course_helpers.core.errors import ServerError
from tests.unit.server.assistants_backend import WORK, Assistants
from tests.unit.widgets.widget_backend import DOWN

SPRING = {"campaign": "spring"}


class Server:
    """A deployment with several assistants, their threads, and to-dos by category and user."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self.threads_of: set[str] = set()
        self.todos: dict[tuple[str, str], int] = {}
        self.error: ServerError | None = None

    def add(self, assistant_id: str, context: dict[str, Any], **metadata: Any) -> None:
        self.found[assistant_id] = {
            **{"assistant_id": assistant_id, "context": context, "metadata": metadata},
        }

    @property
    def client(self) -> Any:
        if self.error:
            raise self.error
        return SimpleNamespace(assistants=self, threads=_Threads(self), store=_Store(self))

    async def get(self, assistant_id: str) -> dict[str, Any]:
        if assistant_id not in self.found:
            return await Assistants().get(assistant_id)  # raises what the SDK raises
        return self.found[assistant_id]

    async def get_schemas(self, assistant_id: str) -> dict[str, Any]:
        return {"context_schema": {"properties": {**WORK, "user_id": "", "todo_category": ""}}}

    async def search(self, limit: int) -> list[dict[str, Any]]:
        return list(self.found.values())[:limit]

    async def count(self, metadata: dict[str, Any]) -> int:
        return sum(metadata.items() <= a["metadata"].items() for a in self.found.values())


class _Threads:
    def __init__(self, server: Server) -> None:
        self.server = server

    async def search(self, metadata: dict[str, str], limit: int) -> list[str]:
        return ["thread"] if metadata["assistant_id"] in self.server.threads_of else []


class _Store:
    def __init__(self, server: Server) -> None:
        self.server = server

    async def search_items(self, where: list[str], limit: int, offset: int) -> dict[str, Any]:
        kind, category, user = where
        count = self.server.todos.get((category, user), 0) if kind == "todo" else 0
        items = [{"namespace": where, "value": {"task": f"{n}"}} for n in range(count)]
        return {"items": items[offset:]}


@pytest.fixture
def server() -> Any:
    server = Server()
    server.add("work", WORK)
    server.add("default", {})
    return server


async def own(server: Any, mine: Any) -> str:
    return str(await check.own_category(server, mine, "nora", ["work", "default"]))


@pytest.mark.parametrize("mine", [..., "", " ", 7, {"assistant_id": "work"}])
async def test_own_category_untouched_stub(server: Any, mine: Any) -> None:
    assert (await own(server, mine)).startswith("Not yet: Did you put the id of your assistant")


@pytest.mark.parametrize(
    ("context", "question"),
    [
        ({"todo_categroy": "garden"}, "'todo_categroy', which the graph does not know"),
        ({"todo_category": "garden", "user_id": "nora"}, "Whose to-dos"),
        ({}, "no todo_category"),
        ({"todo_category": "work"}, "The category work is in use"),
        ({"todo_category": "general"}, "The category general is in use"),
    ],
)
async def test_own_category_with_another_context(
    server: Any, context: dict[str, Any], question: str
) -> None:
    server.add("mine", context)
    assert question in await own(server, "mine")


async def test_own_category_step_by_step(server: Any) -> None:
    assert "one of the lesson's" in await own(server, "work")
    assert "no assistant 'mine'" in await own(server, "mine")
    server.add("mine", {"todo_category": "garden"})
    assert "Did you ask it to remember" in await own(server, "mine")
    server.threads_of.add("mine")
    server.todos["garden", "omar"] = 1
    assert "holds no to-do of nora" in await own(server, "mine")
    server.todos["garden", "nora"] = 2
    assert (await own(server, "mine")).startswith("Solved: 2 to-do(s) of nora in garden")


async def rolled(keeps_context: bool = False) -> tuple[Any, Any]:
    """Return an assistant whose second version is bad, and the deployment that has it."""
    client = Assistants(keeps_context)
    for context in (WORK, {"todo_category": "wrok"}):
        await client.update("a1", context=context)
    return client, SimpleNamespace(client=client)


async def test_rolled_back_untouched_stub() -> None:
    _, server = await rolled()
    answer = str(await check.rolled_back(server, "a1", 1, 2))
    assert answer == "Not yet: Version 2 is still current. Which one do you want back?"


async def test_rolled_back() -> None:
    client, server = await rolled()
    await client.set_latest("a1", 1)
    assert (await check.rolled_back(server, "a1", 1, 2)).passed
    await client.update("a1", context={"todo_category": "other"})
    assert "its context is not that of version 1" in str(
        await check.rolled_back(server, "a1", 1, 2)
    )
    await client.update("a1", context=WORK)  # forward, to a copy of the good one
    assert (await check.rolled_back(server, "a1", 1, 2)).passed


async def test_rolled_back_without_the_context() -> None:
    client, server = await rolled(keeps_context=True)
    await client.set_latest("a1", 1)
    answer = await check.rolled_back(server, "a1", 1, 2)
    assert not answer.passed
    assert "Version 1 is current, but its context" in answer.message


async def test_rolled_back_without_the_history() -> None:
    _, server = await rolled()
    assert "not both there" in str(await check.rolled_back(server, "a1", 1, 3))
    answer = await check.rolled_back(server, "gone", 1, 2)
    assert "Was the whole assistant deleted" in answer.message


async def test_only_these_deleted(server: Any) -> None:
    kept = list(server.found)
    for number in range(12):
        server.add(f"{number}", {}, **SPRING, lesson="07")
    answer = str(await check.only_these_deleted(server, SPRING, kept))
    assert answer.startswith("Not yet: 12 of them are still there.")
    for number in range(12):
        del server.found[f"{number}"]
    assert str(await check.only_these_deleted(server, SPRING, kept)).endswith(
        "the other 2 are still there."
    )
    del server.found["default"]
    answer = str(await check.only_these_deleted(server, SPRING, kept))
    assert answer.startswith("Not yet: 1 of 2 assistants that should stay are gone.")


async def test_no_server(server: Any) -> None:
    server.error = DOWN
    for result in (
        await check.own_category(server, "mine", "nora", []),
        await check.rolled_back(server, "a1", 1, 2),
        await check.only_these_deleted(server, SPRING, []),
    ):
        assert not result.passed
        assert DOWN.what in result.message
