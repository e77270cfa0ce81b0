"""A thread's checkpoints as plain data."""

from __future__ import annotations

from course_helpers.server.checkpoints import checkpoints_of


def test_a_checkpoint_tells_what_went_wrong() -> None:
    state = {
        "checkpoint": {"checkpoint_id": "c"},
        "metadata": {"step": 1},
        "next": ["node"],
        "tasks": [{"error": "ValueError('x')"}, {"error": None}],
        "values": None,
    }
    (checkpoint,) = checkpoints_of([state])
    assert checkpoint.errors == ["ValueError('x')"]
    assert (checkpoint.step, checkpoint.messages, checkpoint.next) == (1, 0, ["node"])
