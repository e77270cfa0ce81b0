"""Tables for a page and a terminal: cut, escaped, in few words."""

from __future__ import annotations

from course_helpers.core.markup import SHOWN_ROWS, Rows, table
from course_helpers.server.memories import Memories
from tests.unit.shared import EVIL_LINE
from tests.unit.widgets.widget_backend import Markup


def test_a_long_table_is_cut_and_says_so() -> None:
    memories = Memories("ann", [{"task": f"Task {n}"} for n in range(10_000)])
    markup = memories._repr_html_()
    assert Markup(markup).tags.count("tr") == 1 + SHOWN_ROWS
    assert f"To-dos</strong>: showing {SHOWN_ROWS} of 10,000" in markup
    assert "the store holds more" not in markup
    assert "showing" not in table("T", [{"a": "b"}] * SHOWN_ROWS)


def test_rows_for_a_terminal_and_a_page() -> None:
    rows = Rows([{"id": "1", "text": EVIL_LINE}, {"id": "22", "text": "b"}])
    assert repr(rows) == "id  text\n1   <script>alert(1)</script>\n22  b"
    assert "<script" not in rows._repr_html_()
    assert "2 rows" in rows._repr_html_()
    assert repr(Rows()) == "no rows"
