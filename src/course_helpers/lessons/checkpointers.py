"""What a checkpointer costs: how long each write takes, and how many bytes it keeps.

Both are measured on the checkpointer that a graph really uses: its `put` is timed in place, and
the bytes are counted where they lie, in the dictionaries of `InMemorySaver` or by SQL.

Only checkpoints count, and not what nodes have written before there is one (`checkpoint_writes`):
LangGraph (1.2) waits for the first with `durability="sync"`, and for the second with none, so that
after a step some of it may be stored and some not.
"""

from __future__ import annotations

import time
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from course_helpers.core.errors import CourseError

# Bytes as they were written: Postgres compresses large values on the disk, the others do not.
_SQLITE_BYTES = "select coalesce(sum(length(checkpoint) + length(metadata)), 0) from checkpoints"
_POSTGRES_BYTES = (
    "select coalesce(sum(octet_length(checkpoint::text) + octet_length(metadata::text)), 0) as n"
    " from checkpoints",
    "select coalesce(sum(octet_length(blob)), 0) as n from checkpoint_blobs",
)


def time_writes(saver: BaseCheckpointSaver[Any]) -> list[float]:
    """Time all that a checkpointer writes from now on, checkpoint by checkpoint.

    Args:
        saver: the checkpointer; its method `put` is replaced by one that looks at the clock.

    Returns:
        A list to which every checkpoint adds its milliseconds.
    """
    put, taken = saver.put, []

    def timed(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return put(*arguments, **options)
        finally:
            taken.append(1000 * (time.perf_counter() - began))

    saver.put = timed  # type: ignore[method-assign]
    return taken


def stored_bytes(saver: BaseCheckpointSaver[Any]) -> int:
    """Return how many bytes of checkpoints a checkpointer keeps, of all threads together.

    Args:
        saver: an `InMemorySaver`, a `SqliteSaver` or a `PostgresSaver`.

    Raises:
        CourseError: it is of another kind.
    """
    if isinstance(saver, InMemorySaver):
        return _in_memory(saver)
    kind, database = type(saver).__name__, cast(Any, saver)
    if kind in ("SqliteSaver", "PostgresSaver"):
        # The graph's threads may still be writing over the same connection, under this lock.
        with database.lock:
            if kind == "SqliteSaver":
                return int(database.conn.execute(_SQLITE_BYTES).fetchone()[0])
            counts = [database.conn.execute(sql).fetchone() for sql in _POSTGRES_BYTES]
            return sum(int(count["n"]) for count in counts)
    raise CourseError(
        f"The bytes of a {type(saver).__name__} cannot be counted here.",
        "pass an InMemorySaver, a SqliteSaver or a PostgresSaver",
    )


def _in_memory(saver: InMemorySaver) -> int:
    """Return the bytes of what two dictionaries hold: values as serialized, type and bytes."""
    spaces = [space for thread in saver.storage.values() for space in thread.values()]
    saved = [part for space in spaces for entry in space.values() for part in entry[:2]]
    return sum(len(part) for _, part in [*saved, *saver.blobs.values()])
