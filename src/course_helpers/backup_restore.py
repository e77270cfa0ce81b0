"""Replacing the stack's data by a backup's: loaded beside the old data, swapped in at the end.

The dump goes into a database of its own, whose rows are counted. Redis is emptied while nobody uses
it; then the two databases swap their names, in one transaction. Until then the old data is as it
was, whatever happens: a full disk, Ctrl-C, a crash. It is deleted when the server has started with
the new data; if it does not start, the names are swapped back.

On a full disk Postgres ends when it cannot write its log any more, and does not start again before
there is room. So some of it is reserved first, and given back when the restore fails.
"""

from __future__ import annotations

import time

from course_helpers import stack
from course_helpers.backup_archive import Archive
from course_helpers.backup_databases import (
    ask,
    database,
    exists,
    literal,
    load_dump,
    quoted,
    row_counts,
    session,
)
from course_helpers.backup_manifest import POSTGRES_PART
from course_helpers.backup_stack import server_runs, start_again
from course_helpers.commands import ask as ask_command
from course_helpers.compose import API, POSTGRES, REDIS, run_compose, services
from course_helpers.errors import CourseError, ServerError
from course_helpers.progress import shown

RESERVE = 48  # MB; a segment of Postgres's log has 16
_RESERVED = '"$PGDATA/restore-reserve"'


def replace_data(archive: Archive) -> None:
    """Put a backup in the place of the stack's data, and start the server again if it ran.

    Raises:
        CourseError: it failed; the old data is there as it was.
    """
    for name in (_new(), _old()):  # of a restore that was killed
        _drop(name)
    ran = server_runs()
    try:
        if ran:
            print("Stopping the server; what runs gets 30 s to end ...", flush=True)
            stack.stop(API)
        _require_unused()
        _load_beside(archive)
        stack.run_in(REDIS, "redis-cli", "flushall")  # before the swap: no old queue meets new data
        _swap(_new(), _old())
        if ran:
            stack.up(graphs=())
    except BaseException:
        _undo(ran)
        raise
    _drop(_old())


def _new() -> str:
    return f"{database()[:50]}_restoring"


def _old() -> str:
    return f"{database()[:50]}_replaced"


def _load_beside(archive: Archive) -> None:
    """Load the dump into a new database, and compare what is in it with the manifest."""
    stack.run_in(POSTGRES, "sh", "-c", f"dd if=/dev/zero of={_RESERVED} bs=1M count={RESERVE}")
    ask(f"create database {quoted(_new())} template template0")
    began, size = time.monotonic(), archive.manifest.parts[POSTGRES_PART].size
    try:
        load_dump(shown(archive.chunks(POSTGRES_PART), "restoring", size), _new())
    except ServerError as error:
        raise _disk_full(began) or error from None
    stack.run_in(POSTGRES, "sh", "-c", f"rm {_RESERVED}")
    with session(_new()) as ask_new:
        ask_new("analyze")
        found = row_counts(ask_new)
    if found != archive.manifest.rows:
        wrong = sorted(dict(found.items() ^ archive.manifest.rows.items()))
        raise ServerError(
            f"The restored {wrong[0]} does not have the rows that the manifest says.",
            "use another backup",
        )


def _require_unused() -> None:
    """Return if nobody is connected to the database: a name in use cannot be changed."""
    users = "select count(*) from pg_stat_activity where datname = "
    if int(ask(users + literal(database()))[0][0]):
        raise ServerError(
            "Another program still uses the database.", "close it (a replica? psql?), then again"
        )


def _swap(incoming: str, outgoing: str) -> None:
    """Give the database's name to another one, in one transaction."""
    here = quoted(database())
    away = f"alter database {here} rename to {quoted(outgoing)};" if exists(database()) else ""
    ask(f"{away} alter database {quoted(incoming)} rename to {here}")


def _drop(name: str) -> None:
    ask(f"drop database if exists {quoted(name)} with (force)")


def _disk_full(began: float) -> CourseError | None:
    """Return that Postgres has complained of a full disk since a moment, if it has."""
    container = next(service.container for service in services() if service.name == POSTGRES)
    since = f"{time.monotonic() - began + 1:.0f}s"
    log = ask_command(["docker", "logs", "--since", since, container], 15, together=True).out
    if "No space left on device" not in log:
        return None
    return ServerError(
        "The disk of Postgres is full: No space left on device.",
        "make room on the disk that holds Docker's volumes, then again",
    )


def _give_back() -> None:
    """Delete what was reserved, whether Postgres runs or not."""
    command = ("--entrypoint=sh", POSTGRES, "-c", f"rm -f {_RESERVED}")
    run_compose("run", "--rm", "--no-deps", "-T", *command, timeout=stack.RUN_TIMEOUT)


def _undo(ran: bool) -> None:
    """Delete what was loaded, and start the server with the data that was there."""
    print("Putting everything back as it was ...", flush=True)
    try:
        if ran:
            stack.stop(API)
        _give_back()
        start_again(POSTGRES)  # it may have ended with the disk full, or still load
        if exists(_old()):
            _swap(_old(), _new())
        _drop(_new())
        if ran:
            stack.up(graphs=())
    except CourseError as error:  # the caller's own error says why; the next restore cleans up
        print(f"That did not succeed: {error}", flush=True)
