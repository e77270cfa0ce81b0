"""Hold a port of this computer with a separate program, for the fault "port taken"."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from course_helpers.core.errors import CourseError
from course_helpers.core.waiting import wait_until
from course_helpers.practice import _held_port

LIMIT = 10.0  # seconds until the previous holder must have released the port
_PAUSE = 0.2  # seconds between two tries


def hold(port: int, journal: Path) -> subprocess.Popen[bytes]:
    """Start a program that holds a port of 127.0.0.1; `communicate` ends it.

    Args:
        port: the port.
        journal: a file; when it is deleted, the program ends by itself.

    Raises:
        CourseError: another program holds the port.
    """
    holder = wait_until(lambda: _start(port, journal), LIMIT, _PAUSE)
    if holder is None:
        raise CourseError(
            f"Port {port} cannot be taken: another program holds it.",
            "stop that program, or make another stack: practice = PracticeStack()",
        )
    return holder


def _start(port: int, journal: Path) -> subprocess.Popen[bytes] | None:
    """Start the program, and return it, or None if it could not take the port."""
    holder = subprocess.Popen(
        [sys.executable, "-m", _held_port.__name__, str(port), str(journal)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert holder.stdout is not None
    if holder.stdout.readline():
        return holder
    holder.communicate()
    return None
