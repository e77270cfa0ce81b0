"""Statements: printed as one would type them, run as they are, with names and texts quoted."""

from __future__ import annotations

import subprocess

import pytest

from course_helpers import query
from course_helpers.stack import postgres
from course_helpers.stack.postgres import literal, quoted


@pytest.mark.parametrize(
    ("sql", "typed"),
    [
        ("select 1", '"select 1"'),
        ("\n  select a->>'b'\n  from  t where a <> '';\n", "\"select a->>'b' from t where a <> '';\""),
        ('select "a",\n b', r'"select \"a\", b"'),
        ("select 1\nwhere a !~ 'b'", """'select 1 where a !~ '"'"'b'"'"''"""),
    ],
)  # fmt: skip
def test_a_statement_is_printed_on_one_line(sql: str, typed: str) -> None:
    assert postgres._typed(sql) == typed
    assert as_a_shell_reads(typed) == " ".join(sql.split())


@pytest.mark.parametrize(
    "sql",
    [
        "delete from t -- all of it?\nwhere a = 1",
        "delete from t /* it's\nold */ where a = 'b  c'",
        "select 'two  spaces'\nfrom t",
        "select 'two\nlines', 'it''s  two'",
        "select 'one'\n'word'",
        'select "two  spaces",\n"a" from t',
        "select $$a  b$$, `date`",
        "select E'\\n\\\\',\n'a' !~ '$HOME'",
    ],
)
def test_a_statement_that_its_lines_belong_to_is_printed_as_it_is(sql: str) -> None:
    assert as_a_shell_reads(postgres._typed(f"\n{sql}\n")) == sql


def as_a_shell_reads(typed: str) -> str:
    """Return the one argument that a shell gives to a program."""
    shell = ["bash", "-c", f"printf '%s\\0' {typed}"]
    (argument,) = subprocess.check_output(shell, text=True).split("\0")[:-1]
    return argument


def test_a_statement_is_run_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def run_in(*command: str) -> str:
        asked.append(command)
        return "n\n1\n"

    monkeypatch.setattr(postgres, "run_in", run_in)
    sql = "select 1 -- or 'two  spaces'\nas n"
    assert query(sql) == [{"n": "1"}]
    assert asked[0][-1] == sql
    assert f'-c "{sql}"\n' in capsys.readouterr().out


def test_names_and_texts_are_quoted() -> None:
    assert (quoted('a"b'), literal("it's")) == ('"a""b"', "'it''s'")
