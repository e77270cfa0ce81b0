"""The turn that is being said, in a widget of its own: the conversation is not drawn again."""

from __future__ import annotations

import asyncio

from ipywidgets import HTML  # type: ignore[import-untyped]

from course_helpers.core.markup import clean
from course_helpers.widgets.conversation import live_turn

INTERVAL = 0.05  # seconds between two updates; tokens come faster than an eye follows


class LiveTurn(HTML):
    """Shows a text that grows, at most every `INTERVAL`; the first token at once.

    Args:
        loop: the event loop on which it is drawn.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop, self._text, self._drawn_at = loop, "", 0.0
        self._due: asyncio.TimerHandle | None = None

    def show(self, text: str) -> None:
        """Show what was said so far, now or shortly."""
        self._text = text
        if self._due is None:
            wait = self._drawn_at + INTERVAL - self._loop.time()
            if wait > 0:
                self._due = self._loop.call_later(wait, self._draw)
            else:
                self._draw()

    def clear(self) -> None:
        """Show nothing: what was said is in the conversation now."""
        if self._due is not None:
            self._due.cancel()
        self._due, self._text, self.value = None, "", ""

    def _draw(self) -> None:
        self._due, self._drawn_at = None, self._loop.time()
        self.value = clean(live_turn(self._text))
