"""A thread's messages as a conversation."""

from __future__ import annotations

from course_helpers.server.messages import conversation_of


def test_tool_results_are_folded_into_their_calls() -> None:
    call = {"id": "1", "name": "UpdateMemory", "args": {"update_type": "todo"}}
    messages = [
        {"type": "human", "content": [{"type": "text", "text": "Hi"}, "!"]},
        {"type": "ai", "content": None, "tool_calls": [call, {"id": "2"}]},
        {"type": "tool", "content": "added", "tool_call_id": "1"},
        {"type": "ai", "content": "Done."},
    ]
    human, calling, answer = conversation_of(messages)
    assert human.text == "Hi!"
    assert [c.result for c in calling.tool_calls] == ["added", None]
    assert (answer.role, answer.text) == ("ai", "Done.")
