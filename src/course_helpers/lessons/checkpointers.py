"""What a checkpointer costs: the time of each write, and the bytes that it stores.

Both are measured on the checkpointer that a graph really uses: its `put` is timed in place, and
the bytes are counted in the dictionaries of `InMemorySaver` or by SQL.

Only checkpoints are counted, not pending writes (`checkpoint_writes`): LangGraph (1.2) waits for
checkpoints with `durability="sync"`, but for pending writes with no setting, so after a step only
some of those may be stored.
"""

from __future__ import annotations

import time
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from course_helpers.core.errors import CourseError

# Uncompressed bytes: Postgres compresses large values on disk, the others do not.
_SQLITE_BYTES = "select coalesce(sum(length(checkpoint) + length(metadata)), 0) from checkpoints"
_POSTGRES_BYTES = (
    "select coalesce(sum(octet_length(checkpoint::text) + octet_length(metadata::text)), 0) as n"
    " from checkpoints",
    "select coalesce(sum(octet_length(blob)), 0) as n from checkpoint_blobs",
)


def time_writes(saver: BaseCheckpointSaver[Any]) -> list[float]:
    """Time every checkpoint that a checkpointer writes from now on.

    Args:
        saver: the checkpointer; its method `put` is replaced by one that measures the time.

    Returns:
        A list to which each write appends its duration in milliseconds.
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
    """Return how many bytes of checkpoints a checkpointer stores, for all threads together.

    Args:
        saver: an `InMemorySaver`, a `SqliteSaver` or a `PostgresSaver`.

    Raises:
        CourseError: the checkpointer is of another type.
    """
    if isinstance(saver, InMemorySaver):
        return _in_memory(saver)
    kind, database = type(saver).__name__, cast(Any, saver)
    if kind in ("SqliteSaver", "PostgresSaver"):
        # The graph's threads may still use this connection; they hold this lock while they do.
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
    """Return the number of serialized bytes in the two dictionaries of an `InMemorySaver`."""
    spaces = [space for thread in saver.storage.values() for space in thread.values()]
    saved = [part for space in spaces for entry in space.values() for part in entry[:2]]
    return sum(len(part) for _, part in [*saved, *saver.blobs.values()])
