"""Waiting for a condition, rather than for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(look: Callable[[], T], timeout: float, pause: float) -> T:
    """Look again and again until what is seen is true, and return what was seen last.

    The last look comes after the time is up, so that a slow look still counts.

    Args:
        look: returns what is there now; something false means not yet. What it raises ends the
            wait.
        timeout: seconds.
        pause: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    while not (seen := look()) and time.monotonic() <= deadline:
        time.sleep(pause)
    return seen
