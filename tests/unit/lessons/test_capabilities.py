"""The capability table: read, shown, and refused where it cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course_helpers import capabilities
from course_helpers.core.errors import CourseError
from course_helpers.lessons.capabilities import TABLE
from tests.unit.widgets.widget_backend import ATTACK


def test_the_capability_table() -> None:
    table = capabilities()
    assert table.of("double_texting").behaviours >= 18
    assert repr(table).startswith("Behaviours of Aegra")
    assert "as langgraph dev (langgraph-api" in table._repr_html_()
    assert all(row.behaviours - len(row.missing) == row.engine for row in table.groups)
    with pytest.raises(CourseError, match=r"no group 'luck'.*\n.*double_texting"):
        table.of("luck")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    row = {"behaviours": 2, "engine": 1, "missing": [f"test_{ATTACK}"]}
    path = tmp_path / "capabilities.json"
    path.write_text(json.dumps({"as": "a", "engine": "b", "groups": {"runs": row}}))
    table = capabilities(path)
    assert repr(table.of("runs")) == f"runs: 1 of 2, not: test_{ATTACK}"
    assert "<script>" not in table._repr_html_()
    assert repr(table).endswith("all: 1 of 2")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"as": 1, "engine": 2, "groups": {"a": {}}}'])
def test_a_table_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / TABLE.name
    path.write_text(text)
    with pytest.raises(CourseError, match="cannot be read"):
        capabilities(path)
    with pytest.raises(CourseError, match="cannot be read"):
        capabilities(tmp_path / "none.json")
