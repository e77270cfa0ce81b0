"""A thread that is made busy, as double-texting needs one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph_sdk.schema import StreamPart

from course_helpers.core.errors import CourseError
from course_helpers.lessons.busy_thread import READ, BusyThread, busy_thread


class Client:
    """The parts of a client that make a thread and follow a run on it."""

    def __init__(self) -> None:
        self.threads = self.runs = self
        self.parts: list[StreamPart] = []
        self.asked: dict[str, Any] = {}

    async def create(self, metadata: dict[str, str]) -> dict[str, str]:
        assert metadata == {"lesson": "06"}
        return {"thread_id": "t1"}

    async def stream(self, *_: Any, **asked: Any) -> AsyncIterator[StreamPart]:
        self.asked = asked
        for part in self.parts:
            yield part


BEGUN = StreamPart("metadata", {"run_id": "r1"})
SAVED = StreamPart("values", {"messages": []})
ASKED = StreamPart("updates", {"task_maistro": {}})
WRITTEN = StreamPart("updates", {"update_todos": {}})


async def test_a_busy_thread_is_followed_until_the_todo_is_written() -> None:
    client: Any = Client()
    client.parts = [BEGUN, SAVED, ASKED, WRITTEN, StreamPart("error", {"message": "too far"})]
    assert await busy_thread(client, "nora", "trip") == BusyThread("t1", "r1")
    context = client.asked["context"]
    assert (context["user_id"], context["todo_category"]) == ("nora", "trip")
    client.parts = [BEGUN, SAVED, StreamPart("error", {"message": "too far"})]
    assert await busy_thread(client, "nora", "trip", after=READ) == BusyThread("t1", "r1")


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (StreamPart("error", {"message": "no key"}), "was reached: .*no key"),
        (ASKED, "was reached."),
    ],
)
async def test_a_run_that_ends_too_soon_is_told(last: StreamPart, said: str) -> None:
    client: Any = Client()
    client.parts = [BEGUN, SAVED, last]
    with pytest.raises(CourseError, match=said):
        await busy_thread(client, "nora", "trip")
