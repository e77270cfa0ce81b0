"""What panels share: a static view for the web, and a button that reads data without surprises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ipywidgets import HTML, Button, HBox, Text, ValueWidget, VBox  # type: ignore[import-untyped]

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean
from course_helpers.widgets import theme


class View(VBox):
    """A `VBox` that also shows itself where no widget runs: as text and as static HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("course-panel")

    def summary(self) -> str:
        """Return the state in a few words without ids, times or ports."""
        raise NotImplementedError

    def static_html(self) -> str:
        """Return the same data as the widget shows, as markup that needs no kernel."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.summary()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/html": theme.page(self.static_html())}


class StatusView(View):
    """A view with a heading and a status line.

    Args:
        title: the heading.

    Attributes:
        message: the status line's text.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        # Callbacks may come in another thread with another event loop: work stays on this one.
        self._loop = asyncio.get_running_loop()
        self._title, self.message = title, ""
        self._heading = HTML(f"{theme.STYLE}<h3>{title}</h3>")
        self._status = HTML()

    def body_html(self) -> str:
        """Return the data as markup."""
        raise NotImplementedError

    def static_html(self) -> str:
        """Return the heading and the data as markup."""
        return f"<h3>{self._title}</h3>{self.body_html()}"

    def _say(self, sentence: str, fix: str = "") -> None:
        self.message = f"{sentence} Fix: {fix}" if fix else sentence
        self._status.value = theme.status(sentence, fix)

    def _soon(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something on the panel's event loop; this may be called in any thread."""
        asyncio.run_coroutine_threadsafe(work, self._loop)


class Panel(StatusView):
    """A view with one button that reads its data again.

    Every outcome is written into the panel, because Jupyter shows nowhere what a callback prints
    or raises. After a failure the last good data stays, with a note that it is old.

    Args:
        title: the heading.
        action: the button's text.
        hint: what the button does, in a sentence.
        fields: what to choose before the button; another value presses it.

    Attributes:
        button: to press, also from code: `panel.button.click()`.
        stale: whether the data is older than the last attempt to read it.
    """

    def __init__(
        self, title: str, action: str, hint: str, fields: Sequence[ValueWidget] = ()
    ) -> None:
        super().__init__(title)
        self._task: asyncio.Task[None] | None = None
        self.stale = self._painted = False
        self.button = Button(description=action, tooltip=hint)
        self._body = HTML()
        self._inputs = [*fields, self.button]
        self.button.on_click(self._pressed)
        for field in fields:
            field.observe(self._pressed, "value")
        controls = HBox(self._inputs)
        controls.add_class("course-controls")
        self.children = [self._heading, controls, self._status, self._body]

    async def refresh(self) -> None:
        """Read the data and show it. A refresh that is under way is joined, not repeated."""
        if self.comm is None:
            return  # the panel was closed after the button was pressed
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._refresh())
        await self._task

    def close(self) -> None:
        """Cancel what runs and take the panel off the page."""
        if hasattr(self, "_task"):  # else it was not made completely
            cancel_soon(self._task, self._loop)
        super().close()

    async def _read(self) -> None:
        """Read the data into attributes; a failure leaves them as they were."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {'stale; ' if self.stale else ''}{self.summary()}"

    def _pressed(self, source: Any) -> None:
        control = source if source is self.button else source["owner"]
        self._soon(self._answer(control))

    async def _answer(self, control: ValueWidget) -> None:
        await self.refresh()
        # The browser takes the focus from a control that is disabled; a text field that was left
        # by Tab must not take it back.
        if not isinstance(control, Text):
            control.focus()

    async def _refresh(self) -> None:
        with self._outcome_shown():
            await self._read()

    def _paint(self) -> None:
        """Show the data."""
        self._body.value = clean(self.body_html())

    @contextmanager
    def _outcome_shown(self) -> Iterator[None]:
        """Disable the controls during the block, and write its outcome into the panel."""
        self._enable(False)
        try:
            with self._outcome_told():
                yield
        finally:
            self._enable(True)

    @contextmanager
    def _outcome_told(self, done: str = "") -> Iterator[None]:
        """Write the outcome of the block into the panel, after a sentence on what was done."""
        try:
            yield
        except Exception as error:  # nobody else would ever see it
            self._failed_by(error, f"press {self.button.description}")
        else:
            self._paint()
            self.stale, self._painted = False, True
            summary = self.summary()
            now = f"{summary[:1].upper()}{summary[1:]}. Read at {datetime.now():%H:%M:%S}."
            self._say(f"{done} {now}".strip())

    def _failed_by(self, error: Exception, fix: str) -> None:
        """Say what failed; `fix` is what to do about an error that was not foreseen."""
        if isinstance(error, CourseError):
            self._failed(error.what, error.fix)
        else:
            self._failed(f"{type(error).__name__}: {error}", fix)

    def _failed(self, what: str, fix: str) -> None:
        self.stale = self._painted
        note = " What you see below was read before that." if self.stale else ""
        self._say(what + note, fix)

    def _enable(self, yes: bool) -> None:
        for control in self._inputs:
            control.disabled = not yes


def cancel_soon(task: asyncio.Task[Any] | None, loop: asyncio.AbstractEventLoop) -> None:
    """Cancel a task that is not done; this may be called in any thread."""
    if task and not task.done() and not loop.is_closed():
        loop.call_soon_threadsafe(task.cancel)


def offer(
    field: ValueWidget,
    options: Sequence[tuple[str, Any]],
    chosen: Any,
    observer: Callable[[Any], None],
) -> None:
    """Fill a list of options and choose one, without a call of the observer of its value."""
    field.unobserve(observer, "value")
    with field.hold_sync():
        if tuple(options) != field.options:  # a list on the page would jump to its top
            field.options = options
        field.value = chosen
    field.observe(observer, "value")
