"""The answer of a self-check."""

from __future__ import annotations

import html
from dataclasses import dataclass

from course_helpers.core.markup import clean


@dataclass(frozen=True)
class Result:
    """A check's answer.

    Attributes:
        passed: whether the exercise is solved.
        message: a hint, or what was right.
    """

    passed: bool
    message: str

    def __repr__(self) -> str:
        return f"{'Solved' if self.passed else 'Not yet'}: {self.message}"

    def _repr_html_(self) -> str:
        word = "Solved" if self.passed else "Not yet"
        colour = "success" if self.passed else "warn"
        return (
            f'<p role="status" style="border-left:4px solid var(--jp-{colour}-color1, #888);'
            f'padding:4px 12px"><strong>{word}.</strong> {html.escape(clean(self.message))}</p>'
        )
