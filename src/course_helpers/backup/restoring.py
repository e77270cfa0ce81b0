"""Replace the stack's data with a backup's: loaded beside the old data, swapped in at the end.

The dump is loaded into a database of its own, and its rows are counted. Redis is emptied while
nobody uses it; then the two databases swap their names, in one transaction. Until then the old data
stays as it was, whatever happens: a full disk, Ctrl-C, a crash. If the server was running, it is
started with the new data; if it does not start, the names are swapped back. At the end, the old
data is deleted.

On a full disk Postgres stops when it cannot write its log, and does not start again until there is
room. So some disk space is reserved first, and freed when the restore fails.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from course_helpers.backup.archive import Archive
from course_helpers.backup.dumps import load_dump
from course_helpers.backup.manifest import POSTGRES_PART
from course_helpers.backup.preflight import require_empty
from course_helpers.backup.running import server_runs, start_again, stop_at_once
from course_helpers.backup.swap import drop, new_name, old_name, swap, swap_back
from course_helpers.core import docker
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.core.progress import with_progress
from course_helpers.core.waiting import wait_until
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import API, POSTGRES, REDIS, data_volumes, run_compose, services
from course_helpers.stack.postgres import ask, database, literal, quoted, row_counts, session

RESERVE = 48  # MB; a segment of Postgres's write-ahead log has 16
_RESERVED = '"$PGDATA/restore-reserve"'
UNUSED_WITHIN = 10.0  # seconds; a closed connection disappears within milliseconds
_POLL = 0.3  # seconds
_USERS = """select count(*) from pg_stat_activity where backend_type = 'client backend'
    and pid <> pg_backend_pid() and datname = """
_TRIES = 3  # attempts at each clean-up step


def replace_data(archive: Archive, over: bool) -> None:
    """Replace the stack's data with a backup's, and start the server again if it ran.

    Args:
        archive: the backup. The leftovers of another restore must have been cleared.
        over: whether the stack's data may be replaced.

    Raises:
        CourseError: it failed; the old data is unchanged.
    """
    ran = server_runs()
    try:
        if ran:
            print("Stopping the server; what runs gets 30 s to end ...", flush=True)
            lifecycle.stop(API)
        if not over:
            require_empty()  # once more: until now the server has taken requests
        _require_unused()
        _load_beside(archive)
        _empty_redis()  # before the swap: no old queue meets new data
        swap(new_name(), old_name())
        if ran:
            lifecycle.up(graphs=())
    except BaseException:
        _undo(ran)
        raise
    _delete_old()


def _load_beside(archive: Archive) -> None:
    """Load the dump into a new database, and compare what is in it with the manifest."""
    lifecycle.run_in(POSTGRES, "sh", "-c", f"dd if=/dev/zero of={_RESERVED} bs=1M count={RESERVE}")
    ask(f"create database {quoted(new_name())} template template0")
    began, size = time.monotonic(), archive.manifest.parts[POSTGRES_PART].size
    try:
        load_dump(with_progress(archive.chunks(POSTGRES_PART), "restoring", size), new_name())
    except ServerError as error:
        raise _disk_full(began) or error from None
    lifecycle.run_in(POSTGRES, "sh", "-c", f"rm {_RESERVED}")
    with session(new_name()) as ask_new:
        ask_new("analyze")
        found = row_counts(ask_new)
    if found != archive.manifest.rows:
        wrong = sorted(dict(found.items() ^ archive.manifest.rows.items()))
        raise ServerError(
            f"The restored {wrong[0]} does not have the rows that the manifest says.",
            "use another backup",
        )


def _require_unused() -> None:
    """Wait until nobody is connected to the database: a name in use cannot be changed."""

    def is_unused() -> bool:
        return ask(_USERS + literal(database()))[0][0] == "0"

    if not wait_until(is_unused, UNUSED_WITHIN, _POLL):
        raise ServerError(
            f"Another program still uses the database {database()!r}.",
            "close it (a replica? psql?), then again",
        )


def _empty_redis() -> None:
    lifecycle.run_in(REDIS, "redis-cli", "-e", "flushall")  # -e: without it, an error ends with 0


def _disk_full(began: float) -> CourseError | None:
    """Return an error if Postgres has logged a full disk since then, else None.

    Args:
        began: the time, by `time.monotonic()`.
    """
    container = next(service.container for service in services() if service.name == POSTGRES)
    since = time.time() - (time.monotonic() - began) - 1
    with docker.client() as engine:
        log = docker.text_of(engine.api.logs(container, since=since))
    if "No space left on device" not in log:
        return None
    return ServerError(
        "The disk of Postgres is full: No space left on device.",
        "make room on the disk that holds Docker's volumes, then again",
    )


def delete_reserve() -> None:
    """Free the disk space that a restore has reserved, whether Postgres runs or not.

    Raises:
        ServerError: it could not be deleted.
    """
    remove = ("-c", f"rm -f {_RESERVED}")
    if any(s.name == POSTGRES and s.state == "running" for s in services()):
        run_compose("exec", "-T", POSTGRES, "sh", *remove, timeout=lifecycle.RUN_TIMEOUT)
    elif data_volumes():  # otherwise Compose would create them
        # Beside a Postgres that runs, others' `docker compose exec` might meet this container.
        options = ("--rm", "--no-deps", "-T", "--entrypoint=sh")
        run_compose("run", *options, POSTGRES, *remove, timeout=lifecycle.RUN_TIMEOUT)


def _undo(ran: bool) -> None:
    """Delete what was loaded, and start the server with the old data.

    A failed step does not prevent the next ones, except that the server is not started unless the
    old data is back under its name.
    """
    with _uninterrupted():
        print("Putting everything back as it was ...", flush=True)
        if ran:
            _insist(lambda: stop_at_once(API))
        _insist(delete_reserve)
        # It may have stopped because the disk was full, or still be loading.
        _insist(lambda: start_again(POSTGRES))
        if not _insist(swap_back):
            print(f"The old data is whole, but perhaps still called {old_name()!r}, so the server")
            print("is not started. Once Docker works, restore again: that says what to do.")
            return
        _insist(lambda: drop(new_name()))
        if ran:
            _insist(lambda: lifecycle.up(graphs=()))


def _delete_old() -> None:
    """Delete the old data, if possible; the restore has succeeded either way."""
    with _uninterrupted():
        if not _insist(lambda: drop(old_name())):
            print(f"The restore has succeeded. The old data is left, in {old_name()!r}.")


def _insist(step: Callable[[], object]) -> bool:
    """Try a step up to `_TRIES` times. Return whether it succeeded; if not, print why."""
    for last in (number == _TRIES for number in range(1, _TRIES + 1)):
        try:
            step()
            return True
        except Exception as error:  # of any kind: the other steps must still run
            if last:
                print(f"That did not succeed: {error}", flush=True)
    return False


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C in the block; only the main thread can be interrupted by it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
