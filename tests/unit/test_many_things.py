"""Long threads and full stores: what is shown is bounded, and says so."""

from __future__ import annotations

from typing import Any, cast

import pytest
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.markup import SHOWN_ROWS, table
from course_helpers.server.memories import LIMIT, Memories, read_memories
from course_helpers.server.messages import Message
from course_helpers.server.threads import ThreadView
from course_helpers.widgets import thread_panel as module
from tests.unit.widgets.widget_backend import AT, Backend, Markup, explorer_of, shown


def test_a_long_table_is_cut_and_says_so() -> None:
    memories = Memories("ann", [{"task": f"Task {n}"} for n in range(10_000)])
    markup = memories._repr_html_()
    assert Markup(markup).tags.count("tr") == 1 + SHOWN_ROWS
    assert f"To-dos</strong>: showing {SHOWN_ROWS} of 10,000" in markup
    assert "the store holds more" not in markup
    assert "showing" not in table("T", [{"a": "b"}] * SHOWN_ROWS)


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


async def test_a_long_thread_is_cut_and_says_so(backend: Backend) -> None:
    backend.messages = [Message("human", f"Message {n}.") for n in range(500)]

    async def long_thread(client: object, thread_id: str) -> ThreadView:
        return ThreadView(thread_id, "idle", backend.messages, backend.checkpoints, AT, more=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_thread", long_thread)
        explorer = await explorer_of(backend)
    assert shown(explorer).count('class="course-turn') == 100
    assert "Showing the last 100 of 500 turns." in shown(explorer)
    assert "Message 499." in shown(explorer)
    assert "Message 399." not in shown(explorer)
    assert "3 checkpoints (the thread has older ones)" in explorer.message
