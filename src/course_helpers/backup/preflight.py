"""Checks before a restore changes anything: server, Postgres, disk space, data that would go."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from course_helpers.backup.archive import Archive
from course_helpers.backup.dumps import list_dump
from course_helpers.backup.manifest import POSTGRES_PART, Manifest, in_words
from course_helpers.core import docker
from course_helpers.core.errors import CourseError, DockerError, ServerError
from course_helpers.core.processes import last_words
from course_helpers.core.settings import load_settings
from course_helpers.images.names import stack_images
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import POSTGRES
from course_helpers.stack.containers import run_alone
from course_helpers.stack.postgres import ask, database, exists, row_counts, session

# Loading writes each row twice: into its table, and into the log that Postgres recovers from, of
# which it keeps up to max_wal_size, 1 GB unless it was changed.
LOG_LIMIT = 1_000_000_000  # bytes
MARGIN = 64_000_000  # bytes, for what else is written meanwhile

# A default assistant that was edited has more versions than the one the server created.
_MADE_BY_USERS = """select count(*) from assistant a
    where metadata->>'created_by' is distinct from 'system' or exists (
        select from assistant_versions v where v.assistant_id = a.assistant_id and v.version > 1)"""

ENGINE_TIMEOUT = 60.0  # seconds; 2 are usual
# Run in a container of the image, so it works when the server does not run.
_ENGINE = (Path(__file__).parent / "_engine_facts.py").read_text(encoding="utf-8")


def require_known(manifest: Manifest) -> None:
    """Raise unless the stack's server can start from a backup's tables.

    Older tables are fine: the server migrates them when it starts.

    Raises:
        CourseError: the tables are newer, or another server's.
    """
    engine = read_engine()
    if manifest.revision not in (engine.revisions or ("",)):
        version = f"version {manifest.revision}" if manifest.revision else "no version"
        raise CourseError(
            f"The backup was made by {manifest.engine}, whose tables ({version}) are not known to "
            f"the server of this stack, {engine.name}.",
            "restore it with the images of that time, or newer ones: make images",
        )


def require_loadable(archive: Archive) -> None:
    """Raise unless this Postgres can load a backup, and has room for it beside the old data.

    Raises:
        CourseError: the backup is of a newer Postgres, unreadable, or too large for the disk.
    """
    manifest = archive.manifest
    here = ask("show server_version")[0][0]
    if _major(manifest.postgres) > _major(here):
        raise CourseError(
            f"The backup is of Postgres {manifest.postgres}, and the stack's is {here}, too old.",
            "name a newer image in POSTGRES_IMAGE in deployment/.env",
        )
    list_dump(archive.chunks(POSTGRES_PART))
    size = manifest.database_size
    needed, free = size + min(size, LOG_LIMIT) + MARGIN, _free()
    if free < needed:
        raise CourseError(
            f"Postgres has {free / 1e6:.0f} MB of disk left; the restore needs up to "
            f"{needed / 1e6:.0f}, because the old data stays until the new is complete.",
            "make room on the disk that holds Docker's volumes",
        )


def _major(version: str) -> int:
    number = re.match(r"\d{1,9}", version)
    return int(number[0]) if number else 0


def _free() -> int:
    """Return how many bytes are free on the disk where Postgres keeps its data."""
    table = lifecycle.run_in(POSTGRES, "sh", "-c", 'df -Pk "$PGDATA"')
    return int(table.splitlines()[-1].split()[3]) * 1024


def require_empty() -> None:
    """Raise if a restore would delete a user's data.

    The default assistant that the server creates for each graph does not count, unless somebody has
    edited it.

    Raises:
        CourseError: there is such data; the message counts it.
    """
    if lost := in_words(user_data()):
        raise CourseError(
            f"The stack is not empty: {lost} would be replaced.",
            "save them first (make backup TO=...), then restore with OVER=1 (over=True)",
        )


def user_data() -> dict[str, int]:
    """Return how many objects of each kind the stack's users have created."""
    if not exists(database()):
        return {}
    with session(database()) as ask_session:
        rows = row_counts(ask_session)
        assistants = ask_session(_MADE_BY_USERS) if "assistant" in rows else [["0"]]
    kinds = {"threads": "thread", "runs": "runs", "store items": "store", "crons": "crons"}
    found = {kind: rows.get(table, 0) for kind, table in kinds.items()}
    found["assistants"] = int(assistants[0][0])
    known = {*kinds.values(), "assistant", "assistant_versions", "alembic_version"}
    other = {n: c for n, c in rows.items() if n not in known and not n.endswith("_migrations")}
    if not any(found.values()):
        found["rows of other tables"] = sum(other.values())
    return found


@dataclass(frozen=True)
class Engine:
    """The server of an image.

    Attributes:
        name: its name and version; "another server" if it is not the open engine.
        revisions: all versions of its tables that it can start from, the newest first.
    """

    name: str
    revisions: tuple[str, ...]


def _no_answer(image: str, said: str) -> ServerError:
    what = f"The image {image} does not say what it serves: {last_words(said)}."
    return ServerError(what, "make images")


def read_engine() -> Engine:
    """Return which server the stack's image holds.

    Raises:
        ServerError: a container of the image could not be run.
    """
    image = stack_images(load_settings())[-1]
    try:
        answer = run_alone(image, ["python", "-c", _ENGINE], ENGINE_TIMEOUT)
    except (DockerError, docker.not_found()) as error:
        raise _no_answer(image, docker.reason(error)) from None
    if answer.code != 0:
        raise _no_answer(image, answer.err or f"it ended with code {answer.code}")
    found = json.loads(answer.out)
    if found is None:  # the licensed server keeps its tables' versions to itself
        return Engine("another server", ())
    name, revisions = found
    return Engine(name, tuple(revisions))
