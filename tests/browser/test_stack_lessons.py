"""The lessons that need the stack, as far as they go without it: what is drawn, and the quiz."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.lesson_checks import check_figures, check_quiz
from tests.browser.lesson_lanes import LESSONS
from tests.browser.notebook import DARK, LIGHT, executed, opened, screenshot
from tests.notebooks.lessons import lesson_paths, read

PATHS = [path for path in lesson_paths() if path.stem not in LESSONS]
every_lesson = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
MEASURED = """\
measured = {name: ([1.0, 2.0, 4.0], [1000 * n for n in range(1, 21)]) for name in "abc"}"""
CONTENTS = """\
from course_helpers.stack.fingerprints import Contents, Fingerprint
Contents({"runs": Fingerprint(3, "a" * 32), "thread <b>": Fingerprint(0, "b" * 32)})"""


@every_lesson
def test_every_figure_is_drawn(page: Page, lab: Lab, path: Path) -> None:
    with opened(page, lab, f"work/{path.name}") as lesson:
        check_figures(lesson)


@every_lesson
def test_every_question_has_one_right_answer(page: Page, lab: Lab, path: Path) -> None:
    with executed(page, lab, f"quiz-{path.name}", cells_with(path, "Question(")) as lesson:
        check_quiz(lesson)
        screenshot(lesson.panel("Quiz"), f"{path.stem}-quiz")


def cells_with(path: Path, text: str) -> list[str]:
    """Return the code cells of a lesson that hold a text."""
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    return [source for source in cells if text in source]


def test_the_plot_and_the_fingerprints_of_lesson_08(page: Page, lab: Lab) -> None:
    [path] = [path for path in PATHS if path.stem.startswith("08")]
    [plot] = cells_with(path, "with_alt_text(")
    with executed(page, lab, "lesson-08.ipynb", [MEASURED, plot, CONTENTS]) as lesson:
        image = page.locator(".jp-OutputArea img")
        expect(image).to_have_attribute("alt", re.compile("^Left, .* Right, "))
        table = page.get_by_role("table", name="Contents")
        expect(table.get_by_role("row", name="thread <b>")).to_be_visible()
        for theme in (LIGHT, DARK):
            lesson.theme(theme)
            box = image.bounding_box()
            assert box is not None
            assert 500 < box["width"] < 1100
            screenshot(page, f"08-plot-{theme.split()[1].lower()}")
        lesson.theme(LIGHT)
