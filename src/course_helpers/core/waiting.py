"""Waiting until a condition holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(look: Callable[[], T], timeout: float, pause: float) -> T:
    """Call a function until its result is true or the time is up, and return the last result.

    The last call comes after the time is up, so that a slow one still counts.

    Args:
        look: returns what is there now; a false value means not yet. An exception ends the wait.
        timeout: seconds.
        pause: seconds between two calls.
    """
    deadline = time.monotonic() + timeout
    while not (seen := look()) and time.monotonic() <= deadline:
        time.sleep(pause)
    return seen
