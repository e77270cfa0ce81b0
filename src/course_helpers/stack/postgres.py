"""Statements to the stack's Postgres, and its answers."""

from __future__ import annotations

import csv
import io
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from course_helpers.core.markup import Rows
from course_helpers.core.settings import load_settings
from course_helpers.core.terminal import show_command
from course_helpers.stack.compose import POSTGRES
from course_helpers.stack.lifecycle import run_in
from course_helpers.stack.streams import child, failed

ANSWER_TIMEOUT = 600.0  # seconds: a large table takes its time to be counted or analysed
# The database to connect to while another one is made or renamed: one in use cannot be renamed.
# It is not "postgres", which the settings may name as the server's own.
_MAINTENANCE = "template1"

Ask = Callable[[str], list[list[str]]]

TABLES = """select c.oid::regclass as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)' order by 1"""
_LITERAL = re.compile(r"""'[^']*'(?:\s*'[^']*')*|"[^"]*\"""")


def database() -> str:
    """Return the name of the server's database."""
    return load_settings().value("POSTGRES_DB", "task_maistro")


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _login(name: str) -> tuple[str, ...]:
    """Return the command that connects to a database, as one would type it."""
    return "psql", "-U", "postgres", "-d", name


def _psql(name: str, *options: str) -> tuple[str, ...]:
    """Return the command that prints rows as CSV, and an error on one line."""
    form = ("--no-psqlrc", "--quiet", "--csv", "-v", "VERBOSITY=terse", "-v", "ON_ERROR_STOP=1")
    return *_login(name), *form, *options


def ask(sql: str, name: str = _MAINTENANCE) -> list[list[str]]:
    """Ask Postgres once, and return the rows.

    Args:
        sql: one statement; of several, all or none take effect.
        name: the database; by default one that nobody uses.

    Raises:
        ServerError: Postgres does not run, or refuses.
    """
    command = _psql(name, "--tuples-only", "-c", sql)
    return list(csv.reader(run_in(POSTGRES, *command, timeout=ANSWER_TIMEOUT).splitlines()))


def exists(name: str) -> bool:
    """Return whether there is a database of this name."""
    return bool(ask(f"select 1 from pg_database where datname = {literal(name)}"))


@contextmanager
def snapshot() -> Iterator[Ask]:
    """Yield a function that asks the server's database as it was at the block's beginning.

    Raises:
        ServerError: Postgres does not run, or refuses.
    """
    with session(database()) as ask_session:
        ask_session("begin isolation level repeatable read, read only")
        yield ask_session


@contextmanager
def session(name: str) -> Iterator[Ask]:
    """Yield a function that asks a database, quickly because over one connection.

    Args:
        name: the database.

    Raises:
        ServerError: Postgres does not run, or refuses.
    """
    with (
        tempfile.TemporaryFile("w+") as errors,
        child(
            POSTGRES, _psql(name, "--tuples-only"), errors, subprocess.PIPE, subprocess.PIPE
        ) as psql,
    ):

        def ask_session(sql: str) -> list[list[str]]:
            assert psql.stdin is not None
            assert psql.stdout is not None
            with suppress(BrokenPipeError):  # psql has ended, and said why
                psql.stdin.write(f"{sql};\n\\echo end\n".encode())
                psql.stdin.flush()
            lines = []
            while (line := psql.stdout.readline().decode()) != "end\n":
                if not line:
                    raise failed(POSTGRES, psql, errors)
                lines.append(line)
            return list(csv.reader(lines))

        yield ask_session
        psql.communicate()  # wait for its end: a database in use cannot be renamed


def row_counts(ask_database: Ask) -> dict[str, int]:
    """Return how many rows each table of a database has.

    Args:
        ask_database: sends it a statement and returns the rows.
    """
    tables = [name for (name,) in ask_database(TABLES)]
    counts = [f"select {literal(name)}, count(*) from {name}" for name in tables]
    rows = ask_database(" union all ".join(counts)) if counts else []
    return {name: int(count) for name, count in rows}


def query(sql: str) -> Rows:
    """Ask the stack's Postgres, and print the command that does the same in a terminal.

    Args:
        sql: one statement.

    Raises:
        DockerError: there is no Docker.
        ServerError: Postgres does not run, or does not understand the statement.
    """
    show_command(f"docker compose exec {POSTGRES} {' '.join(_login(database()))} -c {_typed(sql)}")
    return read_rows(sql)


def _typed(sql: str) -> str:
    """Return a statement as an argument for a shell, on one line unless that would change it."""
    one_line = " ".join(sql.split())
    spaces_count = any(each != " ".join(each.split()) for each in _LITERAL.findall(sql))
    if spaces_count or re.search(r"--|/\*|[$\\]", sql):  # comments, other kinds of literals
        one_line = sql.strip()
    if "!" in one_line:  # an interactive shell would expand it inside "…"
        return shlex.quote(one_line)
    return '"' + re.sub(r'([\\"$`])', r"\\\1", one_line) + '"'


def read_rows(sql: str) -> Rows:
    """Return what the stack's Postgres answers, and print nothing.

    Args:
        sql: one statement.

    Raises:
        DockerError: there is no Docker.
        ServerError: Postgres does not run, or does not understand the statement.
    """
    answer = run_in(POSTGRES, *_psql(database(), "-c", sql))
    return Rows(csv.DictReader(io.StringIO(answer)))
