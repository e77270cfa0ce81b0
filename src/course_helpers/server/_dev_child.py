"""The process that `dev_server` starts: `langgraph dev`, which ends when its parent does.

The parent holds the other end of this process's standard input and never writes to it. However
the parent ends, `kill -9` included, the operating system closes that pipe and the read returns.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

import psutil


def end_with_parent(folder: Path) -> None:
    """Wait until the parent is gone; then end all children, delete the folder, and exit."""
    sys.stdin.buffer.read()
    children = psutil.Process().children(recursive=True)
    for child in children:
        child.terminate()
    for child in psutil.wait_procs(children, timeout=3)[1]:
        child.kill()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Run `langgraph dev` in the current folder.

    The first argument is a temporary folder to delete at the end, the others are for the command.
    """
    folder, *arguments = sys.argv[1:]
    threading.Thread(target=end_with_parent, args=(Path(folder),), daemon=True).start()
    from langgraph_cli.cli import cli

    cli(["dev", *arguments], prog_name="langgraph")


if __name__ == "__main__":
    main()
