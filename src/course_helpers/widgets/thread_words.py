"""Words and markup that name the parts of a thread panel."""

from __future__ import annotations

import html
from datetime import datetime

from course_helpers.core.markup import clean
from course_helpers.server.threads import ThreadSummary

OPENING = 40  # characters of a thread's first message in the list of threads


def label(thread: ThreadSummary) -> str:
    """Return a thread's first words, its status and when it changed last."""
    text = " ".join(clean(thread.opening).split()) or "(empty)"
    text = text if len(text) <= OPENING else f"{text[: OPENING - 1]}…"
    return f"{text} · {thread.status} · {_clock(thread.updated_at)}"


def _clock(iso_time: str) -> str:
    """Return a server's time by this computer's clock, with the day unless it is today."""
    then = datetime.fromisoformat(iso_time).astimezone()
    return f"{then:%H:%M}" if then.date() == datetime.now().date() else f"{then:%d %b %H:%M}"


def count(number: int, name: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def section(title: str, markup: str) -> str:
    """Return a part with its heading."""
    return f"<section><h4>{html.escape(title)}</h4>{markup}</section>"


def scroll(name: str, markup: str, kind: str = "") -> str:
    """Return a part that scrolls when it is long; the keyboard reaches it too."""
    return (
        f'<div class="course-scroll{kind}" role="region" aria-label="{html.escape(name)}" '
        f'tabindex="0">{markup}</div>'
    )
