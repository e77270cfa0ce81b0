"""Lesson 00 as a learner has it: a fresh working copy in JupyterLab, every cell, every panel."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import DARK, LIGHT, Lab, Notebook, opened, screenshot, window_height

LESSON = "00_start_here.ipynb"


@pytest.fixture(scope="module")
def lesson(page: Page, lab: Lab) -> Iterator[Notebook]:
    """Open the learner's copy and run everything but the clean-up, its last code cell."""
    stored = json.loads((lab.root / "work" / LESSON).read_text())
    assert not any(cell.get("outputs") for cell in stored["cells"])
    with opened(page, lab, f"work/{LESSON}") as lesson:
        screenshot(page, "lesson-00-fresh")
        lesson.run_all_but_the_last()
        assert lesson.errors() == []
        yield lesson


def test_the_explorer_shows_the_conversation(lesson: Notebook) -> None:
    explorer = lesson.panel("Thread explorer")
    expect(explorer.get_by_role("status")).to_contain_text(" messages, ")
    explorer.get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_role("status")).to_contain_text("Read at")
    expect(explorer.get_by_role("button", name="Refresh")).to_be_enabled()
    for heading in ("Conversation", "Memories of ada", "Checkpoints"):
        expect(explorer.get_by_role("heading", name=heading)).to_be_visible()
    todos = explorer.get_by_role("table", name="To-dos")
    expect(todos.get_by_role("row")).to_have_count(4)  # its head and three to-dos
    call = explorer.locator("details").first
    call.locator("summary").click()
    expect(call.get_by_text("update_type")).to_be_visible()
    call.locator("summary").click()


def test_the_health_panel_checks_again(lesson: Notebook) -> None:
    health = lesson.panel("Health")
    health.get_by_role("button", name="Check again").click()
    expect(health.get_by_role("status")).to_contain_text("checks, all ok")
    expect(health.get_by_role("row", name="Graph")).to_contain_text("task_maistro is loaded")
    expect(health.get_by_role("cell", name="FAIL")).to_have_count(0)


def test_the_quiz_answers(lesson: Notebook) -> None:
    quiz = lesson.panel("Quiz")
    box = quiz.locator(".course-question").first
    said = []
    for option in box.get_by_role("radio").all():
        option.check()
        expect(box.get_by_role("status")).to_be_empty()
        box.get_by_role("button", name="Check").click()
        expect(box.get_by_role("status")).to_contain_text(".")
        said.append(box.get_by_role("status").inner_text())
    assert len([text for text in said if text.startswith("Right. ")]) == 1
    assert len([text for text in said if text.startswith("Not this one.")]) == len(said) - 1


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_pictures_of_both_themes(lesson: Notebook, theme: str) -> None:
    lesson.theme(theme)
    for heading in ("Thread explorer", "Health", "Quiz"):
        name = f"lesson-00-{heading}-{theme.split()[1]}".replace(" ", "-").lower()
        assert screenshot(lesson.panel(heading), name).stat().st_size > 5_000
    lesson.top()
    screenshot(lesson.page, f"lesson-00-top-{theme.split()[1].lower()}")
    lesson.theme(LIGHT)


def test_the_picture_for_the_readme(lesson: Notebook) -> None:
    """The explorer down to its sixth turn, as wide as a panel becomes."""
    lesson.command("application:toggle-left-area")
    with window_height(lesson.page, 2000):
        explorer = lesson.panel("Thread explorer")
        whole = explorer.bounding_box()
        turn = explorer.locator(".course-turn").nth(5).bounding_box()
        assert whole is not None
        assert turn is not None
        height = turn["y"] + turn["height"] - whole["y"] + 8
        assert 300 < height < 700
        assert whole["width"] > 900
        screenshot(lesson.page, "readme", clip={**whole, "height": height})
    lesson.command("application:toggle-left-area")


def test_cleaning_up_is_seen_in_the_panels(lesson: Notebook) -> None:
    """The last cell stops the server; the panels then say so and keep what they showed."""
    lesson.run_the_last()
    assert lesson.errors() == []
    explorer = lesson.panel("Thread explorer")
    explorer.get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_role("status")).to_contain_text("the server has stopped")
    expect(explorer.get_by_role("heading", name="Conversation")).to_be_visible()
