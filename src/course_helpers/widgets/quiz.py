"""A small multiple-choice quiz that explains its answers. It needs no network and no server."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from ipywidgets import HTML, Button, RadioButtons, VBox  # type: ignore[import-untyped]

from course_helpers.widgets import theme
from course_helpers.widgets.panel import View


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    Attributes:
        text: the question.
        options: the answers to choose from, all different.
        answer: the index of the right one.
        why: what makes it right; shown with a right answer.

    Raises:
        ValueError: there are fewer than two options, two of them are the same, or `answer` is not
            the index of one.
    """

    text: str
    options: Sequence[str]
    answer: int
    why: str

    def __post_init__(self) -> None:
        if len(set(self.options)) != len(self.options) or len(self.options) < 2:
            raise ValueError(f"{self.text!r} needs at least two options, all different.")
        if not 0 <= self.answer < len(self.options):
            raise ValueError(
                f"{self.text!r}: answer={self.answer} is not the index of one of its "
                f"{len(self.options)} options; count from 0."
            )


class QuestionBox(VBox):
    """One question on the page: `choices`, `button`, and whether the answer given is `right`."""

    def __init__(self, number: int, question: Question) -> None:
        self._question, self.right = question, False
        self.choices = RadioButtons(options=list(question.options), index=None)
        self.button = Button(description="Check", tooltip=f"Check the answer to question {number}")
        self._feedback = HTML(theme.status(""))
        self.button.on_click(lambda _: self.check())
        self.choices.observe(self._chosen, "value")
        super().__init__(
            [HTML(_heading(number, question)), self.choices, self.button, self._feedback]
        )
        self.add_class("course-question")

    def check(self) -> None:
        """Say whether the chosen answer is right, and why; a wrong one may be tried again."""
        self.right = self.choices.index == self._question.answer
        if self.choices.index is None:
            self._feedback.value = theme.status("Choose an answer first.")
        elif self.right:
            self._feedback.value = theme.status(f"Right. {self._question.why}")
        else:
            self._feedback.value = theme.status(
                "Not this one. Look again at what the lesson showed, then choose another answer."
            )

    def _chosen(self, _: object) -> None:
        self._feedback.value = theme.status("")  # the old one was about another answer


class Quiz(View):
    """Questions with one right answer each.

    Args:
        questions: in the order to ask them.

    Attributes:
        boxes: one `QuestionBox` a question.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__()
        self._questions = questions
        self.boxes = [QuestionBox(n, question) for n, question in enumerate(questions, 1)]
        self.children = [HTML(f"{theme.STYLE}<h3>Quiz</h3>"), *self.boxes]

    def summary(self) -> str:
        """Return how many questions there are and how many were answered correctly."""
        return f"{len(self.boxes)} questions, {sum(box.right for box in self.boxes)} right"

    def static_html(self) -> str:
        """Return the questions, each with its answer folded away."""
        return "<h3>Quiz</h3>" + "".join(
            f"{_heading(number, q)}<ul>{''.join(f'<li>{html.escape(o)}</li>' for o in q.options)}"
            f"</ul><details><summary>Answer</summary><p>{html.escape(q.options[q.answer])}. "
            f"{html.escape(q.why)}</p></details>"
            for number, q in enumerate(self._questions, 1)
        )


def _heading(number: int, question: Question) -> str:
    return f"<h4>{number}. {html.escape(question.text)}</h4>"
