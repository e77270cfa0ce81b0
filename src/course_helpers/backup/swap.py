"""The database names under which a restore keeps the old and the new data at the same time.

| a restore was killed | what is left                    | the next restore                  |
| -------------------- | ------------------------------- | --------------------------------- |
| before the swap      | the old data, and `…_restoring` | deletes that: it is in the backup |
| after the swap       | the new data, and `…_replaced`  | stops: the owner has to choose    |

A swap is one transaction, so one of the two always has the database's own name. A restore cannot
undo an earlier one's swap: the server may have run since then and have new threads.
"""

from __future__ import annotations

import shlex

from course_helpers.core.errors import ServerError
from course_helpers.stack.compose import API, POSTGRES
from course_helpers.stack.postgres import ask, database, exists, literal, quoted


def new_name() -> str:
    """Return the name of the database that a backup is loaded into."""
    return f"{database()[:50]}_restoring"


def old_name() -> str:
    """Return the name of the old data after the swap."""
    return f"{database()[:50]}_replaced"


def swap(incoming: str, outgoing: str) -> None:
    """Rename two databases in one transaction: one takes the name of the stack's database.

    Args:
        incoming: the database that takes the name.
        outgoing: the new name of the database that has it now, if there is one.

    Raises:
        ServerError: somebody is connected to one of them, or Postgres does not run.
    """
    here = quoted(database())
    away = f"alter database {here} rename to {quoted(outgoing)};" if exists(database()) else ""
    ask(f"{away} alter database {quoted(incoming)} rename to {here}")


def swap_back() -> None:
    """Give the old data its name back, if a swap has taken it."""
    if exists(old_name()):
        swap(old_name(), new_name())


def drop(name: str) -> None:
    """Delete a database, if it exists, and close all connections to it."""
    ask(f"drop database if exists {quoted(name)} with (force)")


def clear_leftovers() -> None:
    """Delete what a killed restore has left, unless data would be lost.

    Raises:
        ServerError: both the old and the new data are there; the message says how to keep either.
    """
    if _is_whole(old_name()):
        if exists(database()):
            raise _two_databases()
        swap_back()  # somebody has dropped or renamed the new one by hand
    for name in (new_name(), old_name()):
        drop(name)


def _is_whole(name: str) -> bool:
    """Return whether there is a database of this name that is not half deleted."""
    whole = "select 1 from pg_database where datconnlimit <> -2 and datname = "
    return bool(ask(whole + literal(name)))


def _two_databases() -> ServerError:
    """Return the error that old and new data are both there, with how to keep either."""
    here, new, old = quoted(database()), quoted(new_name()), quoted(old_name())
    back = f"alter database {here} rename to {new}; alter database {old} rename to {here}"
    run = f"docker compose exec {POSTGRES}"
    return ServerError(
        f"A restore did not come to its end: the stack has its data, in the database {database()!r}"
        f", and still the data of before, in {old_name()!r}.",
        "make up, and see which you want. Then, in the folder deployment, to delete the data of "
        f"before: {run} dropdb -U postgres {shlex.quote(old_name())}\n"
        f"Or to have it again: docker compose stop {API}; "
        f"{run} psql -U postgres -d template1 -c {shlex.quote(back)}",
    )
