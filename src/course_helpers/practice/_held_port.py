"""The program that holds a port of 127.0.0.1, for the fault "port taken".

python -m course_helpers.practice._held_port PORT JOURNAL

It prints an empty line once it has the port. It ends with its parent, also when a kernel is killed
(then its standard input is closed), and with the journal, which `practice.remove()` removes.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path

PAUSE = 0.2  # seconds between two looks for the journal


def end_with(journal: Path) -> None:
    """End this process when a file is gone."""
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
