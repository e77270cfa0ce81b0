"""The quiz without a browser."""

from __future__ import annotations

import pytest

from course_helpers.widgets import Question, Quiz
from tests.unit.widgets.widget_backend import ATTACK, Markup, static

QUESTIONS = [
    Question(
        "Where do memories live?", ["In the thread", "In the store"], 1, "Every thread sees it."
    ),
    Question(f"What is {ATTACK}?", ["An <b>attack</b>", "A greeting"], 0, "It is & stays text."),
]


def test_a_quiz_answers() -> None:
    quiz = Quiz(QUESTIONS)
    box = quiz.boxes[0]
    assert box.choices.value is None
    box.button.click()
    assert "Choose an answer first." in box._feedback.value
    box.choices.index = 0
    box.button.click()
    assert not box.right
    assert "Not this one." in box._feedback.value
    assert QUESTIONS[0].why not in box._feedback.value
    box.choices.index = 1
    assert "Not this one." not in box._feedback.value
    box.button.click()
    assert box.right
    assert "Right. Every thread sees it." in box._feedback.value
    assert repr(quiz) == "Quiz: 2 questions, 1 right"


def test_a_quiz_on_the_web_folds_its_answers() -> None:
    markup = static(Quiz(QUESTIONS))
    tags = Markup(markup).tags
    assert tags.count("details") == 2
    assert not {"script", "img", "b", "input"} & set(tags)
    before_the_answer = markup.partition("<details>")[0]
    assert "In the thread" in before_the_answer
    assert QUESTIONS[0].why not in before_the_answer


def test_every_check_button_says_which_question_it_is_for() -> None:
    tooltips = [box.button.tooltip for box in Quiz(QUESTIONS).boxes]
    assert tooltips == ["Check the answer to question 1", "Check the answer to question 2"]


@pytest.mark.parametrize(
    ("options", "answer", "sentence"),
    [(["a", "a"], 0, "all different"), (["a"], 0, "at least two"), (["a", "b"], 2, "count from 0")],
)
def test_a_question_that_cannot_work_is_refused(
    options: list[str], answer: int, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Question("Why?", options, answer, "Because.")
