"""Progress of a long copy: one line kept up to date in a terminal, some lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterable

FIRST = 2.0  # seconds before the first line
_EVERY = {True: 0.2, False: 5.0}  # seconds between two lines, in a terminal and elsewhere


def with_progress(
    chunks: Iterable[bytes], what: str, total: int | None = None
) -> Generator[bytes, None, None]:
    """Yield the same chunks; after `FIRST` seconds, also print how many bytes there were.

    Args:
        chunks: what is copied.
        what: its name, as printed.
        total: how many bytes it has, if that is known.
    """
    terminal = sys.stdout.isatty()
    begin = time.monotonic()
    done, due, printed = 0, begin + FIRST, False
    try:
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            if (now := time.monotonic()) >= due:
                line = _line(what, done, total, now - begin)
                print(f"\r{line}\x1b[K" if terminal else line, end="" if terminal else "\n")
                sys.stdout.flush()
                due, printed = now + _EVERY[terminal], True
    finally:
        if printed and terminal:
            print(flush=True)


def _line(what: str, done: int, total: int | None, seconds: float) -> str:
    of = f" of {total / 1e6:.0f}" if total else ""
    return f"  {what}: {done / 1e6:.0f}{of} MB, {done / 1e6 / seconds:.0f} MB/s"


def show_count(count: int, step: int, unit: str) -> None:
    """Print a count if it is a multiple of `step`.

    Args:
        count: how many are done.
        step: how many lie between two lines.
        unit: what is counted, as printed.
    """
    if count % step == 0:
        print(f"  {count} {unit}", flush=True)
