"""How far a long copy is: one line kept up to date in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterable

FIRST = 2.0  # seconds after which it is worth a line
_EVERY = {True: 0.2, False: 5.0}  # seconds between two, in a terminal and elsewhere


def with_progress(
    chunks: Iterable[bytes], what: str, total: int | None = None
) -> Generator[bytes, None, None]:
    """Give the same chunks, and print how many bytes they were when it takes longer.

    Args:
        chunks: what is copied.
        what: what it is, for people.
        total: how many bytes it will be, if that is known.
    """
    terminal = sys.stdout.isatty()
    begin = time.monotonic()
    done, due, said = 0, begin + FIRST, False
    try:
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            if (now := time.monotonic()) >= due:
                line = _line(what, done, total, now - begin)
                print(f"\r{line}\x1b[K" if terminal else line, end="" if terminal else "\n")
                sys.stdout.flush()
                due, said = now + _EVERY[terminal], True
    finally:
        if said and terminal:
            print(flush=True)


def _line(what: str, done: int, total: int | None, seconds: float) -> str:
    of = f" of {total / 1e6:.0f}" if total else ""
    return f"  {what}: {done / 1e6:.0f}{of} MB, {done / 1e6 / seconds:.0f} MB/s"


def show_count(count: int, step: int, unit: str) -> None:
    """Print how many there are already, each time so many more are done.

    Args:
        count: how many.
        step: after how many more.
        unit: what they are, for people.
    """
    if count % step == 0:
        print(f"  {count} {unit}", flush=True)
