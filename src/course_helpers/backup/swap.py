"""The names under which a restore keeps the old data and the new, until one of them can go.

| a restore was killed | so there are                    | and the next restore              |
| -------------------- | ------------------------------- | --------------------------------- |
| before the swap      | the old data, and `…_restoring` | deletes that: it is in the backup |
| after the swap       | the new data, and `…_replaced`  | refuses: its owner has to choose  |

A swap is one transaction, so one of them always has the database's own name. A restore cannot undo
the swap of another one: the server may have been started meanwhile, and have new threads.
"""

from __future__ import annotations

import shlex

from course_helpers.core.errors import ServerError
from course_helpers.stack.compose import API, POSTGRES
from course_helpers.stack.postgres import ask, database, exists, literal, quoted


def new_name() -> str:
    """Return the name under which a backup is loaded."""
    return f"{database()[:50]}_restoring"


def old_name() -> str:
    """Return the name of the old data after the swap."""
    return f"{database()[:50]}_replaced"


def swap(incoming: str, outgoing: str) -> None:
    """Give the database's name to another one, in one transaction.

    Args:
        incoming: the database that gets it.
        outgoing: what the database that has it, if one has, is called from now on.

    Raises:
        ServerError: somebody is connected to one of them, or Postgres does not run.
    """
    here = quoted(database())
    away = f"alter database {here} rename to {quoted(outgoing)};" if exists(database()) else ""
    ask(f"{away} alter database {quoted(incoming)} rename to {here}")


def swap_back() -> None:
    """Give the database's name to the old data, if that has lost it."""
    if exists(old_name()):
        swap(old_name(), new_name())


def drop(name: str) -> None:
    """Delete a database, if it exists, and end whoever is connected to it."""
    ask(f"drop database if exists {quoted(name)} with (force)")


def clear_leftovers() -> None:
    """Delete what a restore that was killed has left, unless somebody's data would be lost.

    Raises:
        ServerError: it would; the sentence says how to keep either.
    """
    if _is_whole(old_name()):
        if exists(database()):
            raise _two()
        swap_back()  # somebody has begun to mend it by hand
    for name in (new_name(), old_name()):
        drop(name)


def _is_whole(name: str) -> bool:
    """Return whether there is a database of this name that nobody has begun to delete."""
    whole = "select 1 from pg_database where datconnlimit <> -2 and datname = "
    return bool(ask(whole + literal(name)))


def _two() -> ServerError:
    """Return that there are two databases, and how to keep the one or the other."""
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
