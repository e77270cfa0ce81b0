"""A notebook that is open in JupyterLab, as a learner has it on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page

from course_helpers.core.settings import ROOT
from tests.browser.lab import Lab

SCREENSHOTS = ROOT / "build" / "screenshots"
RUN_TIMEOUT = 60_000  # milliseconds; a notebook takes 10 to 20 s
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"

_NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"
_CELLS = f"{_NOTEBOOK}.widgets.filter(c => c.model.type === 'code')"
_FINISHED = f"""skipped => {{
  const cells = {_CELLS}.filter(c => c.model.sharedModel.getSource().trim());
  const failed = c => c.model.outputs.toJSON().some(o => o.output_type === 'error');
  const ran = c => c.model.executionCount !== null;
  return cells.some(failed) || cells.slice(0, cells.length - skipped).every(ran);
}}"""
_OUTPUTS = f"() => {_CELLS}.flatMap(c => c.model.outputs.toJSON())"
_GO_TO_THE_LAST = (
    f"() => {{ {_NOTEBOOK}.activeCellIndex = {_NOTEBOOK}.widgets.indexOf({_CELLS}.at(-1)) }}"
)
_GO_TO_THE_TOP = (
    f"() => {{ {_NOTEBOOK}.activeCellIndex = 0; {_NOTEBOOK}.outerNode.scrollTop = 0; }}"
)
# While the page is busy, a notebook can be shown without being given the focus: it is not the
# current one then. A click on its tab makes it that.
_CURRENT = """path => {
  const shell = window.jupyterapp?.shell;
  const opened = shell && [...shell.widgets("main")].find(w => w.context?.path === path);
  if (opened && shell.currentWidget !== opened) shell.activateById(opened.id);
  return opened && shell.currentWidget === opened;
}"""
_READY = """async () => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  await context.ready;
  await context.session.kernel.info;
}"""
_RUN_CODE = """async code => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  return (await context.session.kernel.requestExecute({code}).done).content.status;
}"""
_SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"


class Notebook:
    """A notebook that is open in JupyterLab.

    Attributes:
        page: Playwright's page.
        name: the file's name without its ending.
    """

    def __init__(self, page: Page, lab: Lab, path: str) -> None:
        self.page, self.name = page, Path(path).stem
        page.goto(f"{lab.url}/tree/{path}?token={lab.token}&reset")
        page.wait_for_function(_CURRENT, arg=path)
        page.evaluate(_READY)

    def command(self, name: str, **arguments: Any) -> None:
        """Run a command of JupyterLab, as its menus do."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def run_all(self) -> None:
        """Run all cells by the menu's command; wait until they have run or one has failed."""
        self._run("runmenu:run-all")

    def run_all_but_the_last(self) -> None:
        """Run all cells above the last code cell, which then is the active one."""
        self.page.evaluate(_GO_TO_THE_LAST)
        self._run("notebook:run-all-above", skipped=1)

    def run_the_last(self) -> None:
        """Run the last code cell."""
        self.page.evaluate(_GO_TO_THE_LAST)
        self._run("notebook:run-cell")

    def _run(self, command: str, skipped: int = 0) -> None:
        # Not awaited: a failing cell ends the command with an error, and its output says more.
        self.page.evaluate("name => void window.jupyterapp.commands.execute(name)", command)
        self.page.wait_for_function(_FINISHED, arg=skipped, timeout=RUN_TIMEOUT)

    def run_code(self, code: str) -> None:
        """Run code in the notebook's kernel without a cell; it must not fail."""
        assert self.page.evaluate(_RUN_CODE, code) == "ok"

    def outputs(self) -> list[dict[str, Any]]:
        """Return the outputs of all cells."""
        outputs: list[dict[str, Any]] = self.page.evaluate(_OUTPUTS)
        return outputs

    def errors(self) -> list[str]:
        """Return the errors among the outputs of all cells."""
        errors = [output for output in self.outputs() if output["output_type"] == "error"]
        return [f"{error['ename']}: {error['evalue']}" for error in errors]

    def top(self) -> None:
        """Scroll to the notebook's first line."""
        self.page.evaluate(_GO_TO_THE_TOP)

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme and wait until it is applied."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)

    def panels(self) -> list[Locator]:
        """Return all panels, in the order of the notebook."""
        return self.page.locator(".jp-OutputArea .course-panel").all()

    def panel(self, heading: str) -> Locator:
        """Return the panel with a heading, scrolled into view."""
        title = self.page.get_by_role("heading", name=heading, exact=True)
        panel = self.page.locator(".jp-OutputArea .course-panel").filter(has=title).first
        panel.wait_for()
        panel.scroll_into_view_if_needed()
        return panel


@contextmanager
def executed(page: Page, lab: Lab, path: str, cells: Sequence[str]) -> Iterator[Notebook]:
    """Yield a new notebook of code cells, opened and run; none may fail."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    content = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=metadata)
    nbformat.write(content, lab.root / path)
    with opened(page, lab, path) as notebook:
        notebook.run_all()
        assert notebook.errors() == []
        yield notebook


@contextmanager
def opened(page: Page, lab: Lab, path: str) -> Iterator[Notebook]:
    """Yield an open notebook, and shut its kernel down in the end."""
    notebook = Notebook(page, lab, path)
    try:
        yield notebook
    finally:
        page.evaluate(_SHUT_DOWN)


@contextmanager
def window_height(page: Page, height: int) -> Iterator[None]:
    """Change the window's height during the block: a panel may be taller than the window."""
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": before["width"], "height": height})
    try:
        yield
    finally:
        page.set_viewport_size(before)


def screenshot(what: Page | Locator, name: str, **options: Any) -> Path:
    """Save a picture of a page or of a whole panel in `build/screenshots/`; return its path."""
    path = SCREENSHOTS / f"{name}.png"
    if isinstance(what, Page):
        what.screenshot(path=path, animations="disabled", **options)
        return path
    with window_height(what.page, 2000):
        what.scroll_into_view_if_needed()
        what.screenshot(path=path, animations="disabled", **options)
    return path
