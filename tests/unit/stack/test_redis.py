"""Messages of Redis, read from what `redis-cli` prints."""

from __future__ import annotations

import subprocess
import sys

import pytest

from course_helpers.stack import redis
from course_helpers.stack.redis import RedisMessages


def collected(told: str) -> RedisMessages:
    """Return what is read of what redis-cli prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"print({told!r}, end='')"], stdout=subprocess.PIPE, text=True
    )
    seen = RedisMessages()
    redis._collect(process, seen)
    return seen


def test_messages_of_redis_are_read_in_fours() -> None:
    seen = collected("psubscribe\n*\n1\npmessage\n*\nrun:1\npsubscribe\npmessage\n*\nrun:2\n{}\n")
    assert seen.messages == [("run:1", "psubscribe"), ("run:2", "{}")]
    assert seen.on("2") == ["{}"]


@pytest.mark.parametrize("cut", ["pmessage\n", "pmessage\n*\n", "pmessage\n*\nrun:2\n"])
def test_a_message_that_is_cut_is_left_out(cut: str) -> None:
    seen = collected(f"psubscribe\n*\n1\npmessage\n*\nrun:1\n{{}}\n{cut}")
    assert seen.messages == [("run:1", "{}")]
