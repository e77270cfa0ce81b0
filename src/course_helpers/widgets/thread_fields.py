"""The fields of a thread explorer: the list of threads, and texts that offer some words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ipywidgets import Dropdown, Text  # type: ignore[import-untyped]

from course_helpers.server.threads import ThreadSummary
from course_helpers.widgets.conversation import label
from course_helpers.widgets.panel import offer
from course_helpers.widgets.thread_reader import NEW


class ThreadChoice(Dropdown):
    """The threads to choose from; its value is a thread's id, empty, or `NEW`.

    Args:
        thread_id: the thread to begin with; empty for the newest one.
        observer: called when another one is chosen on the page.
    """

    def __init__(self, thread_id: str, observer: Callable[[Any], None]) -> None:
        self._observer = observer
        options = [(thread_id or "the newest", thread_id)]
        super().__init__(description="Thread", options=options, value=thread_id)

    @property
    def thread_id(self) -> str:
        """The chosen thread's id, whether it was read already or not."""
        return "" if self.value == NEW else str(self.value)

    def offer(self, threads: Sequence[ThreadSummary], chosen: str) -> None:
        """Offer other threads and choose one, without a call of the observer."""
        names = {"": "Choose a thread", NEW: "A new thread"}
        names |= {thread.thread_id: label(thread) for thread in threads}
        names.setdefault(chosen, chosen)
        offer(self, [(name, key) for key, name in names.items()], chosen, self._observer)


class Draft(Text):
    """A text field that offers some words, until somebody types others."""

    value: str

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(description=name, placeholder=hint, continuous_update=False)
        self._offered = ""

    def offer(self, words: str) -> None:
        """Put words into the field, unless somebody has typed there."""
        if self.value == self._offered:
            self.value = words
        self._offered = words

    def take(self) -> str:
        """Empty the field and return its text; an offer may fill it again."""
        words = str(self.value)
        self.value = self._offered = ""
        return words

    def give_back(self, words: str) -> None:
        """Put words back that were not used after all, unless somebody has typed others."""
        if self.value == self._offered:
            self.value = words
