"""Markup for text from servers, models and tools: escaped, and without control characters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

SHOWN_ROWS = 200  # of a table; a page with thousands of rows is slow to draw and to read

_UNPRINTABLE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # terminal colours and cursor movements
    r"|\x1b\][^\x07\x1b<]*(?:\x07|\x1b\\)"  # terminal titles and links
    r"|[\x00-\x08\x0b-\x1f\x7f]"  # other control characters, but tab and newline
)


def clean(text: str) -> str:
    """Return text or markup without terminal colours and control characters, invalid in HTML."""
    return _UNPRINTABLE.sub("", text)


def one_line(text: str, length: int) -> str:
    """Return text on one line, cut to `length` characters."""
    words = " ".join(clean(text).split())
    return words if len(words) <= length else f"{words[: length - 1]}…"


def count(number: int, name: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def table(title: str, rows: Sequence[dict[str, str]], named: bool = False) -> str:
    """Return an accessible table with every cell escaped.

    Without rows it is a sentence. Of more than `SHOWN_ROWS`, only the first are shown, and it says
    so.

    Args:
        title: the caption.
        rows: column -> cell, with the same columns in each.
        named: whether the first cell of each row is its header.
    """
    caption = f"<strong>{html.escape(clean(title))}</strong>"
    if not rows:
        return f"<p>{caption}: nothing yet</p>"
    if len(rows) > SHOWN_ROWS:
        caption += f": showing {SHOWN_ROWS} of {len(rows):,}"
    left = ' style="text-align:left"'
    head = "".join(f'<th scope="col"{left}>{html.escape(clean(name))}</th>' for name in rows[0])
    body = "".join(_row_html(row.values(), left, named) for row in rows[:SHOWN_ROWS])
    return (
        f"<table><caption{left}>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row_html(cells: Iterable[str], attributes: str, named: bool) -> str:
    first, *rest = (html.escape(clean(cell)) for cell in cells)
    name = f'<th scope="row"{attributes}>{first}</th>' if named else f"<td{attributes}>{first}</td>"
    return f"<tr>{name}{''.join(f'<td{attributes}>{cell}</td>' for cell in rest)}</tr>"


class Rows(list[dict[str, str]]):
    """Rows of a table: column -> cell. A notebook shows them as a table, `print` as lines."""

    def __repr__(self) -> str:
        if not self:
            return "no rows"
        columns = list(self[0])
        width = {c: max(len(c), *(len(row[c]) for row in self)) for c in columns}
        lines = [[c.ljust(width[c]) for c in columns]]
        lines += [[row[c].ljust(width[c]) for c in columns] for row in self]
        return clean("\n".join("  ".join(cells).rstrip() for cells in lines))

    def _repr_html_(self) -> str:
        return table(f"{len(self)} row{'' if len(self) == 1 else 's'}", self)
