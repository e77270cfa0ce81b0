"""Commands run with a time limit, and how a command line of the course ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from course_helpers.core.errors import CourseError

MISSING, NOT_STARTED, TOO_SLOW = 127, 126, 124  # the codes that shells give

CHUNK = 1 << 20  # bytes read at once, from a command or a file


class Answer(NamedTuple):
    """A command's exit code and output; without an exit code, one of the three codes above."""

    code: int
    out: str = ""
    err: str = ""


def run(
    command: Sequence[str],
    timeout: float,
    folder: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    together: bool = False,
) -> Answer:
    """Run a command to its end; if it takes too long, kill it and all that it started.

    Args:
        command: the program and its arguments.
        timeout: seconds.
        folder: its working directory; by default this process's.
        environ: its environment.
        together: whether its errors are merged into its output, in the order of printing.
    """
    if shutil.which(command[0]) is None:
        return Answer(MISSING, err=f"{command[0]}: command not found")
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return Answer(NOT_STARTED, err=str(error))
    with process:  # closes the pipes: a grandchild that survives must not hold this process up
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill(process.pid)
            return Answer(TOO_SLOW, err=f"no answer within {timeout:g} s")
    return Answer(process.returncode, out.strip(), (err or "").strip())


def last_words(said: str) -> str:
    """Return the last line of a command's output, without its full stop, for a sentence.

    Args:
        said: its errors, or its output.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it says nothing"


@contextmanager
def ending_with_a_sentence() -> Iterator[None]:
    """Exit with the message of a `CourseError` instead of a traceback; on Ctrl-C, silently."""
    # A notebook's kernel ignores Ctrl-C while it is idle, and what a panel starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except CourseError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _kill(pid: int) -> None:
    """Kill a process and its children: `docker compose` is a child of `docker`."""
    process = psutil.Process(pid)
    for each in [*process.children(recursive=True), process]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
