"""What the thread panels show of a long thread is bounded, and says so."""

from __future__ import annotations

import pytest

from course_helpers.server.messages import Message
from course_helpers.server.threads import ThreadView
from course_helpers.widgets import thread_reader
from tests.unit.widgets.widget_backend import AT, Backend, explorer_of, shown


async def test_a_long_thread_is_cut_and_says_so(backend: Backend) -> None:
    backend.messages = [Message("human", f"Message {n}.") for n in range(500)]

    async def long_thread(client: object, thread_id: str) -> ThreadView:
        return ThreadView(thread_id, "idle", backend.messages, backend.checkpoints, AT, more=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thread_reader, "read_thread", long_thread)
        explorer = await explorer_of(backend)
    assert shown(explorer).count('class="course-turn') == 100
    assert "Showing the last 100 of 500 turns." in shown(explorer)
    assert "Message 499." in shown(explorer)
    assert "Message 399." not in shown(explorer)
    assert "3 checkpoints (the thread has older ones)" in explorer.message
