"""The look of all panels: the style in `theme.css`, and the parts of a page that they share."""

from __future__ import annotations

import html
from pathlib import Path

from course_helpers.core.markup import clean

# Without the lines that only explain: every panel and every stored output has the style in it.
_RULES = [
    line
    for line in Path(__file__).with_name("theme.css").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("/*")
]
STYLE = "\n".join(["<style>", *_RULES, "</style>"])


def page(markup: str) -> str:
    """Return a self-contained page part for where no widget runs, as on the web."""
    return f'{STYLE}<div class="course-panel">{clean(markup)}</div>'


def status(sentence: str, fix: str = "") -> str:
    """Return a sentence that screen readers announce, with what to do about it."""
    remedy = f"<br>Fix: <code>{html.escape(fix)}</code>" if fix else ""
    return clean(f'<p role="status">{html.escape(sentence)}{remedy}</p>')


def section(title: str, markup: str) -> str:
    """Return a part with its heading."""
    return f"<section><h4>{html.escape(title)}</h4>{markup}</section>"


def scroll(name: str, markup: str, *classes: str) -> str:
    """Return a part that scrolls when it is long; the keyboard reaches it too."""
    return (
        f'<div class="{" ".join(["course-scroll", *classes])}" role="region" '
        f'aria-label="{html.escape(name)}" tabindex="0">{markup}</div>'
    )
