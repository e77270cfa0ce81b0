"""The lessons as a learner has them: a fresh working copy in JupyterLab, every cell, every panel.

Each lesson that holds on the embedded lane is opened once, and its tests run in this order: the
last one runs its clean-up, which is its last code cell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.lesson_checks import check_figures, check_quiz
from tests.browser.lesson_lanes import LESSONS
from tests.browser.notebook import DARK, LIGHT, Notebook, opened, screenshot, window_height

only_lesson_00 = pytest.mark.parametrize("lesson", ["00_start_here"], indirect=True)


@pytest.fixture(scope="module", params=LESSONS)
def lesson(page: Page, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """Open the learner's copy and run everything but the clean-up."""
    path = f"work/{request.param}.ipynb"
    stored = json.loads((lab.root / path).read_text())
    assert not any(cell.get("outputs") for cell in stored["cells"])
    with opened(page, lab, path) as lesson:
        screenshot(page, f"{lesson.name}-fresh")
        lesson.run_all_but_the_last()
        yield lesson


def test_every_cell_runs(lesson: Notebook) -> None:
    assert lesson.errors() == []


def test_every_figure_is_drawn(lesson: Notebook) -> None:
    check_figures(lesson)


def test_every_panel_reads_again(lesson: Notebook) -> None:
    for panel in lesson.panels():
        if panel.get_by_role("heading", name="Quiz").count():
            continue
        panel.scroll_into_view_if_needed()
        button = panel.get_by_role("button", name=re.compile("^(Refresh|Check again)$"))
        button.click()
        expect(panel.get_by_role("status")).to_contain_text("Read at")
        expect(button).to_be_enabled()


def test_every_question_has_one_right_answer(lesson: Notebook) -> None:
    check_quiz(lesson)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_pictures_of_both_themes(lesson: Notebook, theme: str) -> None:
    lesson.theme(theme)
    mode = theme.split()[1].lower()
    for panel in lesson.panels():
        heading = panel.locator("h3").first.text_content() or ""
        picture = screenshot(panel, f"{lesson.name}-{heading}-{mode}".replace(" ", "-").lower())
        assert picture.stat().st_size > 5_000
    lesson.top()
    screenshot(lesson.page, f"{lesson.name}-top-{mode}")
    lesson.theme(LIGHT)


@only_lesson_00
def test_the_explorer_shows_the_conversation(lesson: Notebook) -> None:
    explorer = lesson.panel("Thread explorer")
    expect(explorer.get_by_role("status")).to_contain_text(" messages, ")
    for heading in ("Conversation", "Memories of ada", "Checkpoints"):
        expect(explorer.get_by_role("heading", name=heading)).to_be_visible()
    todos = explorer.get_by_role("table", name="To-dos")
    expect(todos.get_by_role("row")).to_have_count(4)  # its head and three to-dos
    call = explorer.locator("details").first
    call.locator("summary").click()
    expect(call.get_by_text("update_type")).to_be_visible()
    call.locator("summary").click()


@only_lesson_00
def test_the_timeline_shows_the_runs(lesson: Notebook) -> None:
    timeline = lesson.panel("Thread explorer").locator(".course-timeline")
    expect(timeline.get_by_text("update_profile + update_todos")).to_be_visible()
    expect(timeline.get_by_text("end", exact=True)).to_have_count(3)
    timeline.get_by_text("input", exact=True).first.click()
    expect(timeline.get_by_text("Step: -1")).to_be_visible()
    timeline.get_by_text("input", exact=True).first.click()


@only_lesson_00
def test_health_is_all_ok(lesson: Notebook) -> None:
    health = lesson.panel("Health")
    expect(health.get_by_role("status")).to_contain_text("checks, all ok")
    expect(health.get_by_role("row", name="Graph")).to_contain_text("task_maistro is loaded")
    expect(health.get_by_role("cell", name="FAIL")).to_have_count(0)


@only_lesson_00
def test_the_picture_for_the_readme(lesson: Notebook) -> None:
    """The explorer from its first line to its last, as wide as a panel becomes."""
    lesson.command("application:toggle-left-area")
    with window_height(lesson.page, 2000):
        explorer = lesson.panel("Thread explorer")
        whole = explorer.bounding_box()
        assert whole is not None
        assert 980 < whole["width"] < 1000
        assert 400 < whole["height"] < 900
        screenshot(lesson.page, "readme", clip={**whole})
    lesson.command("application:toggle-left-area")


def test_cleaning_up_runs_too(lesson: Notebook) -> None:
    lesson.run_the_last()
    assert lesson.errors() == []


@only_lesson_00
def test_cleaning_up_is_seen_in_the_panels(lesson: Notebook) -> None:
    """The last cell stops the server; the panels then say so and keep what they showed."""
    explorer = lesson.panel("Thread explorer")
    explorer.get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_role("status")).to_contain_text("the server has stopped")
    expect(explorer.get_by_role("heading", name="Conversation")).to_be_visible()
