"""The contents of the stack's tables, to compare two moments: row counts and fingerprints.

A count says nothing about what is in the rows. The fingerprint is the MD5
of all rows as text, in the order of that text: it changes with any letter of any of them.
"""

from __future__ import annotations

from typing import NamedTuple

from course_helpers.core.markup import Rows, clean, table
from course_helpers.core.terminal import show_command
from course_helpers.stack.compose import POSTGRES
from course_helpers.stack.postgres import TABLES, read_rows

_MD5 = "md5(coalesce(string_agg(t::text, chr(10) order by t::text collate \"C\"), ''))"
_OF_ONE = f"select '{{title}}' as name, count(*) as rows, {_MD5} as md5 from {{name}} t"


class Fingerprint(NamedTuple):
    """One table at one moment.

    Attributes:
        rows: how many it has.
        md5: of their contents.
    """

    rows: int
    md5: str


class Contents(dict[str, Fingerprint]):
    """All tables at one moment: name -> fingerprint. Two of them are compared with `==`."""

    def __repr__(self) -> str:
        width = max((len(name) for name in self), default=0)
        lines = [f"{n:{width}}  {p.rows:4}  {p.md5}" for n, p in self.items()]
        return clean("\n".join(lines)) or "no tables"

    def _repr_html_(self) -> str:
        rows = [{"table": n, "rows": str(p.rows), "fingerprint": p.md5} for n, p in self.items()]
        return table("Contents", rows, named=True)


def read_contents() -> Contents:
    """Return each table's row count and fingerprint, and print the statement.

    Raises:
        DockerError: there is no Docker.
        ServerError: Postgres does not run.
    """
    statement = f"select count(*), {_MD5} from TABLE t".replace('"', '\\"')
    show_command(f'docker compose exec {POSTGRES} psql … -c "{statement}"')
    names = sorted(row["name"] for row in read_rows(TABLES))
    return Contents(_fingerprints(names)) if names else Contents()


def _fingerprints(names: list[str]) -> dict[str, Fingerprint]:
    """Ask for all tables in one statement, which sees them at one moment."""
    each = [_OF_ONE.format(name=name, title=name.replace("'", "''")) for name in names]
    found: Rows = read_rows(" union all ".join(each))
    return {row["name"]: Fingerprint(int(row["rows"]), row["md5"]) for row in found}
