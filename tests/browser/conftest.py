"""One JupyterLab and one headless browser for the whole stage, and nothing left of them."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from course_helpers.core.settings import ROOT
from course_helpers.workspace.working_copies import make_working_copies
from tests.browser.lab import MARK, Lab, command_of, jupyterlab, marked
from tests.browser.notebook import SCREENSHOTS, screenshot
from tests.system import find_browser

BROWSER_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
STEP_TIMEOUT = 60_000  # milliseconds; JupyterLab's first page takes 3 s, on a busy machine 10
LOOK_TIMEOUT = 15_000  # milliseconds until the page is as expected; mostly less than one second
_failed = pytest.StashKey[bool]()


@pytest.fixture(scope="package")
def mark() -> Iterator[str]:
    """Mark the stage's processes, and check that all of them are gone at its end."""
    mark = secrets.token_hex(8)
    yield mark
    _, left = psutil.wait_procs(marked(mark), timeout=10)
    names = [" ".join(command_of(process)[:4]) for process in left]
    for process in left:
        process.kill()
    assert not names, f"left behind: {names}"


@pytest.fixture(scope="package")
def lab(mark: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run JupyterLab on a copy of the course's notebooks, with the learner's working copies."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    make_working_copies(root)
    for picture in SCREENSHOTS.glob("failed-*.png"):
        picture.unlink()  # of an earlier run
    with jupyterlab(root, tmp_path_factory.mktemp("state"), mark) as lab:
        yield lab


@pytest.fixture(scope="package")
def browser(mark: str) -> Iterator[Browser]:
    """Start the browser; without one these tests are skipped."""
    executable = find_browser()
    if executable is None:
        pytest.skip("no Chromium or Chrome on this machine")
    expect.set_options(timeout=LOOK_TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=BROWSER_OPTIONS, env={**os.environ, MARK: mark}
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a page for each module."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(STEP_TIMEOUT)
    yield page
    page.close()


@pytest.fixture(autouse=True)
def seen_when_it_failed(page: Page, request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep a picture of the page as a failed test left it."""
    yield
    if request.node.stash.get(_failed, False) and not page.is_closed():
        print("The page:", screenshot(page, f"failed-{request.node.name}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    item.stash[_failed] = report.failed
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
