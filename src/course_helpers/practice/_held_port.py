"""A program that listens on a port of 127.0.0.1, for the fault "port taken".

python -m course_helpers.practice._held_port PORT JOURNAL

It prints an empty line once it has the port. It ends when its standard input is closed, as happens
when its parent ends, or when the journal file is deleted, as `practice.remove()` does.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path

PAUSE = 0.2  # seconds between checks of the journal


def end_with(journal: Path) -> None:
    """End this process when the journal is deleted."""
    while journal.exists():
        time.sleep(PAUSE)
    os._exit(0)


def main(port: str, journal: str) -> None:
    """Hold the port until standard input is closed."""
    with socket.create_server(("127.0.0.1", int(port))):
        threading.Thread(target=end_with, args=[Path(journal)], daemon=True).start()
        print(flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
