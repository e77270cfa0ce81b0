"""What the agent remembers: read page by page, counted, escaped."""

from __future__ import annotations

from typing import Any, cast

import pytest
from langgraph_sdk.client import LangGraphClient

from course_helpers.server.memories import LIMIT, Memories, read_memories
from tests.unit.shared import EVIL


def test_memories_are_escaped_and_counted() -> None:
    todo = {"task": EVIL, "deadline": "2026-03-06T23:59:00", "status": "not started"}
    memories = Memories("ada", [todo], {"name": EVIL, "job": None}, [EVIL])
    shown = memories._repr_html_()
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown
    assert "2026-03-06 23:59" in shown
    assert repr(memories) == "Memories of ada: 1 To-dos, 1 Profile, 1 Instructions"
    assert "nothing yet" in Memories("ada")._repr_html_()


def test_strange_documents_do_not_break_a_table() -> None:
    memories = Memories("ada", [{}, {"task": ["a", 1], "deadline": 5}], {"x": {"y": 1}})
    assert memories._repr_html_().count("<tr>") == 5


def test_memories_that_were_not_all_read_say_so() -> None:
    memories = Memories("ann", [{"task": "a"}], truncated=True)
    assert f"The first {LIMIT:,} of a kind; the store holds more." in memories._repr_html_()
    assert repr(memories).endswith("; the store holds more")


class Store:
    """A store's search over a user's to-dos, of which every tenth is in a longer namespace.

    It sends no more than `most` items at once, whatever it is asked for.
    """

    def __init__(self, items: int, most: int) -> None:
        self.store, self._items, self._most = self, range(items), most

    async def search_items(self, where: list[str], limit: int, offset: int) -> dict[str, Any]:
        numbers = self._items[offset : offset + min(limit, self._most)]
        longer = [*where, "work"]
        items = [
            {"namespace": where if n % 10 else longer, "value": {"task": f"Task {n}"}}
            for n in numbers
        ]
        return {"items": items if where[0] == "todo" else []}


@pytest.mark.parametrize("most", [7, 100_000])
async def test_all_memories_are_read_whatever_a_page_holds(most: int) -> None:
    memories = await read_memories(cast(LangGraphClient, Store(2_000, most)), "ann")
    assert not memories.truncated
    assert {todo["task"] for todo in memories.todos} == {
        f"Task {n}" for n in range(2_000) if n % 10
    }


@pytest.mark.parametrize(
    ("items", "read", "truncated"), [(10_000, 9_000, False), (50_000, 9_900, True)]
)
async def test_reading_memories_ends(items: int, read: int, truncated: bool) -> None:
    memories = await read_memories(cast(LangGraphClient, Store(items, 1_000)), "ann")
    assert memories.truncated is truncated
    assert len(memories.todos) == read
