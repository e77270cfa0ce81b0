"""A port of this computer, held by a program of its own: what the fault "port taken" needs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from course_helpers.core.errors import CourseError

LIMIT = 10.0  # seconds in which who has just held the port lets it go
_POLL = 0.2  # seconds
# It ends with its parent, also when a kernel is killed (then the pipe is closed), and with the
# journal, which `practice.remove()` removes.
_HOLD = f"""
import os, socket, sys, threading, time

def end_with_the_journal():
    while os.path.exists(sys.argv[2]):
        time.sleep({_POLL})
    os._exit(0)

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
threading.Thread(target=end_with_the_journal, daemon=True).start()
print(flush=True)
sys.stdin.read()
"""


def hold(port: int, journal: Path) -> subprocess.Popen[bytes]:
    """Return a program that holds a port of 127.0.0.1 until it is told to end (`communicate`).

    Args:
        port: which.
        journal: a file; when it is gone, the program ends by itself.

    Raises:
        CourseError: another program holds the port.
    """
    deadline = time.monotonic() + LIMIT
    while True:
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(port), str(journal)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert holder.stdout is not None
        if holder.stdout.readline():
            return holder
        holder.communicate()
        if time.monotonic() > deadline:
            raise CourseError(
                f"Port {port} cannot be taken: another program holds it.",
                "stop that program, or make another stack: practice = PracticeStack()",
            )
        time.sleep(_POLL)
