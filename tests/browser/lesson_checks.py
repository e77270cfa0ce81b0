"""What is true of every lesson on the screen: its figures are drawn, its quiz can be answered."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.notebook import Notebook, screenshot


def check_figures(lesson: Notebook) -> None:
    """Check that Mermaid has drawn each figure; a mistake in one is a box with the mistake."""
    figures = lesson.page.locator(".jp-RenderedMermaid")
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator("img")).to_be_visible()
        assert figure.locator("img").get_attribute("alt"), "no text for those who do not see it"
    assert figures.count() >= 1
    screenshot(figures.last, f"{lesson.name}-last-figure")


def check_quiz(lesson: Notebook) -> None:
    """Answer each question in all ways; check that exactly one answer is right."""
    boxes = lesson.panel("Quiz").locator(".course-question").all()
    assert boxes
    for box in boxes:
        said = [_answer(box, option) for option in box.get_by_role("radio").all()]
        assert len([text for text in said if text.startswith("Right. ")]) == 1
        assert len([text for text in said if text.startswith("Not this one.")]) == len(said) - 1


def _answer(box: Locator, option: Locator) -> str:
    """Choose an answer, check it and return what the quiz says."""
    option.check()
    expect(box.get_by_role("status")).to_be_empty()
    box.get_by_role("button", name="Check").click()
    expect(box.get_by_role("status")).to_contain_text(".")
    return box.get_by_role("status").inner_text()
