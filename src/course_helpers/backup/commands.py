"""Save what the stack holds into one file, and restore it, into this stack or another one.

| in the file   | what it is                                                                     |
| ------------- | ------------------------------------------------------------------------------ |
| postgres.dump | all data: threads, checkpoints, runs, assistants, the store (`pg_dump`)        |
| redis.rdb     | the queue and events at that time, for inspection only: it is never restored   |
| manifest.json | versions, rows of each table, sizes and checksums                              |

Postgres is the source of truth, and a restore starts Redis empty. An old queue would do no harm: a
worker claims a run by a change in Postgres, so no run is executed twice. Old events would: in a
test, a client that joined a run again was told that the run had ended, which was not true of the
restored data. A run that was unfinished when the backup was made is in Postgres with its last
checkpoint, and the server resumes it from there: a node that had finished is not run again. Side
effects that such a run had after the backup (a message sent, say) happen again.

A dump is a program that Postgres runs: restore only backups that you trust.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from os import fspath
from pathlib import Path
from typing import Any

from course_helpers.backup.archive import ArchiveWriter, check_place, new_archive, open_archive
from course_helpers.backup.dumps import dump, redis_dump
from course_helpers.backup.manifest import POSTGRES_PART, REDIS_PART, Manifest, Part
from course_helpers.backup.preflight import (
    read_engine,
    require_empty,
    require_known,
    require_loadable,
)
from course_helpers.backup.restoring import delete_reserve, replace_data
from course_helpers.backup.running import require_data, running_databases
from course_helpers.backup.swap import clear_leftovers
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.core.progress import with_progress
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import REDIS
from course_helpers.stack.postgres import Ask, row_counts, snapshot


def save(to: Path | str) -> Manifest:
    """Save the stack's data into a new file; runs may go on meanwhile.

    Postgres is saved as it is at one moment, Redis a moment later. If the stack is stopped, its
    databases are started for it and stopped again.

    Args:
        to: the file, which must not exist yet.

    Raises:
        DockerError: there is no Docker.
        ServerError: there is no data, or a database cannot be dumped.
        CourseError: the file cannot be written there.
    """
    path, began = _absolute(to), time.monotonic()
    check_place(path)
    require_data()
    with running_databases(), new_archive(path) as archive:
        manifest = _write(archive)
    print(f"Saved {_summary(manifest, began)}: {path}", flush=True)
    return manifest


def restore(from_: Path | str, over: bool = False) -> Manifest:
    """Replace the stack's data with a backup's, and empty Redis.

    Everything that can be checked is checked before anything changes, and the old data is kept
    until the end. A running server is stopped and started again.

    Args:
        from_: the file of a backup.
        over: whether the stack's data may be replaced.

    Raises:
        DockerError: there is no Docker.
        BuildError: an image is missing.
        CourseError: the backup is damaged or from a newer server, the stack is not empty, the disk
            is full, or the restore failed otherwise. The message says which; the data is
            unchanged.
    """
    began = time.monotonic()
    with open_archive(_absolute(from_)) as archive:
        lifecycle.prepare()
        require_known(archive.manifest)
        delete_reserve()
        with running_databases():
            clear_leftovers()
            if not over:
                require_empty()
            require_loadable(archive)
            replace_data(archive, over)
    manifest = archive.manifest
    print(f"Restored {_summary(manifest, began)}, as of {manifest.made}", flush=True)
    if manifest.in_flight:
        print(f"Runs that had not ended, and go on or wait: {manifest.in_flight}", flush=True)
    return manifest


def _absolute(path: Path | str) -> Path:
    if not fspath(path):
        raise CourseError("The file is not named.", "name it, for instance: today.zip")
    try:
        return Path(path).expanduser().absolute()
    except (RuntimeError, ValueError):  # "~name/today.zip"
        what = f"{path} is in the home folder of a user who is not known here."
        raise CourseError(what, "name the file by its whole path") from None


def _summary(manifest: Manifest, began: float) -> str:
    """Return what was saved or restored, in one line."""
    seconds, megabytes = time.monotonic() - began, manifest.size / 1e6
    return f"{manifest} ({megabytes:.1f} MB in {seconds:.1f} s)"


def _write(archive: ArchiveWriter) -> Manifest:
    """Write both dumps and the manifest."""
    with snapshot() as ask:
        facts = _facts(ask)
        exported = ask("select pg_export_snapshot()")[0][0]
        postgres = _add(archive, POSTGRES_PART, dump(exported), "Postgres")
    redis = _add(archive, REDIS_PART, redis_dump(), "Redis")
    manifest = Manifest(**facts, parts={POSTGRES_PART: postgres, REDIS_PART: redis})
    archive.finish(manifest)
    return manifest


def _add(
    archive: ArchiveWriter, name: str, chunks: Generator[bytes, None, None], what: str
) -> Part:
    """Write a dump; if that fails, end the command that produces it.

    Otherwise the command would block on its output for as long as the exception, which holds the
    generator, is kept alive: in a notebook, until the next exception. In the container it runs to
    its end, and nobody reads what it writes.
    """
    with closing(chunks), closing(with_progress(chunks, what)) as counted:
        return archive.add(name, counted)


def _facts(ask: Ask) -> dict[str, Any]:
    """Return a manifest's fields except `parts`."""
    rows = row_counts(ask)
    if not rows:
        raise ServerError("The stack's database has no tables yet.", "make up; then again")
    runs = ask("select status, count(*) from runs group by 1") if "runs" in rows else []
    tables = ask("select version_num from alembic_version") if "alembic_version" in rows else []
    ((size, postgres),) = ask(
        "select pg_database_size(current_database()), current_setting('server_version')"
    )
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "course": version("course-helpers"),
        "engine": read_engine().name,
        "revision": tables[0][0] if tables else "",
        "postgres": postgres,
        "redis": lifecycle.run_in(REDIS, "redis-server", "--version").split("v=")[1].split()[0],
        "database_size": int(size),
        "rows": rows,
        "runs": {status: int(count) for status, count in runs},
    }
