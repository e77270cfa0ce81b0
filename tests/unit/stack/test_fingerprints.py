"""The contents of the database as fingerprints, and how two moments are compared."""

from __future__ import annotations

import re

import pytest

from course_helpers import read_contents
from course_helpers.core.markup import Rows
from course_helpers.stack import fingerprints
from course_helpers.stack.fingerprints import Contents, Fingerprint


def answered(monkeypatch: pytest.MonkeyPatch, *tables: tuple[str, str, str]) -> list[str]:
    """Let Postgres hold tables (name, rows, MD5); return the list of what it is asked."""
    asked: list[str] = []

    def read_rows(sql: str) -> Rows:
        asked.append(sql)
        rows = [dict(zip(("name", "rows", "md5"), table, strict=True)) for table in tables]
        return Rows(rows if "md5" in sql else ({"name": row["name"]} for row in reversed(rows)))

    monkeypatch.setattr(fingerprints, "read_rows", read_rows)
    return asked


def test_contents_are_read_in_one_statement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answered(monkeypatch, ("runs", "2", "a" * 32), ("store", "10", "b" * 32))
    found = read_contents()
    assert found == {"runs": Fingerprint(2, "a" * 32), "store": Fingerprint(10, "b" * 32)}
    assert len(asked) == 2  # which tables there are, and all of them at one moment
    assert asked[1].count(" union all ") == 1
    assert re.findall(r"from (\w+) t", asked[1]) == ["runs", "store"]
    assert "docker compose exec langgraph-postgres psql" in capsys.readouterr().out


def test_contents_tell_a_changed_letter_from_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, ("store", "10", "b" * 32))
    before = read_contents()
    assert read_contents() == before
    answered(monkeypatch, ("store", "10", "c" * 32))
    assert read_contents() != before


def test_contents_are_shown_in_lines_and_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Contents({"<b>": Fingerprint(1, "a" * 32), "store": Fingerprint(10, "b" * 32)})
    assert repr(shown).splitlines() == [f"<b>       1  {'a' * 32}", f"store    10  {'b' * 32}"]
    assert "&lt;b&gt;" in shown._repr_html_()
    assert "<b>" not in shown._repr_html_()
    answered(monkeypatch)
    assert repr(read_contents()) == "no tables"
