"""A panel whose buttons run the course's own commands, as a terminal would, and can cancel them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ipywidgets import Button, HBox  # type: ignore[import-untyped]

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean
from course_helpers.core.settings import ROOT
from course_helpers.widgets.panel import StatusView

CANCELLED = (130, -signal.SIGINT)  # the codes of a command that was interrupted


@dataclass(frozen=True)
class Action:
    """Something a panel can do.

    Attributes:
        name: the button's text.
        hint: what it does, in a sentence.
        module: the command, as `python -m MODULE ARGUMENTS`.
        typed: the same as one would type it in a terminal.
        doing: what is going on meanwhile, in a few words.
    """

    name: str
    hint: str
    module: tuple[str, ...]
    typed: str
    doing: str


class CommandPanel(StatusView):
    """Buttons that run commands, one at a time; each line that they print is passed to `_heard`.

    A command is a process of its own: Cancel interrupts it as Ctrl-C does in a terminal, so that
    it tidies up after itself.

    Args:
        title: the heading.
        actions: a button for each.

    Attributes:
        buttons: by the action's name, to press also from code.
        cancel: the button that interrupts what is under way.
    """

    def __init__(self, title: str, actions: Sequence[Action]) -> None:
        super().__init__(title)
        self._actions = {action.name: action for action in actions}
        self.buttons = {a.name: Button(description=a.name, tooltip=a.hint) for a in actions}
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: self._pressed(name))
        self.cancel = Button(description="Cancel", tooltip="Interrupt it", disabled=True)
        self.cancel.on_click(lambda _: self._interrupt())
        self._controls = HBox([*self.buttons.values(), self.cancel])
        self._controls.add_class("course-controls")
        self._process: subprocess.Popen[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._last: deque[str] = deque(maxlen=20)

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._task is not None and not self._task.done()

    async def run(self, name: str) -> None:
        """Do what a button does and wait for its end; the outcome is in `message`.

        Args:
            name: the action's. While another is under way, that one is waited for instead.
        """
        if not self.busy:
            self._task = self._loop.create_task(self._run(self._actions[name]))
        await self.done()

    async def done(self) -> None:
        """Wait until nothing is under way."""
        if self._task is not None:
            await self._task

    def close(self) -> None:
        """Interrupt what is under way and take the panel off the page."""
        self._interrupt()
        super().close()

    def _heard(self, line: str) -> None:
        """Handle a line that the command has printed."""
        raise NotImplementedError

    async def _ended(self) -> str:
        """Read the state after the command, and return it as a sentence."""
        raise NotImplementedError

    def _pressed(self, name: str) -> None:
        self._soon(self.run(name))

    async def _run(self, action: Action) -> None:
        self._enable(False)
        self._last.clear()
        self._say(f"{action.doing} … ({action.typed})")
        try:
            code = await asyncio.to_thread(self._follow, action)
            await self._show_outcome(action, code)
        except CourseError as error:
            self._say(error.what, error.fix)
        except Exception as error:  # nobody else would ever see it
            self._say(f"{type(error).__name__}: {error}", f"in a terminal: {action.typed}")
        finally:
            self._enable(True)

    async def _show_outcome(self, action: Action, code: int) -> None:
        sentence = await self._ended()
        if code == 0:
            self._say(sentence)
        elif code in CANCELLED:
            self._say(f"Cancelled. {sentence}")
        elif error := CourseError.read("\n".join(self._last)):
            self._say(error.what, error.fix)
        else:
            reason = self._last[-1] if self._last else f"it ended with code {code}"
            self._say(f"{action.typed} failed: {reason}", f"in a terminal: {action.typed}")

    def _follow(self, action: Action) -> int:
        """Run a command to its end, in a thread; each line goes to `_heard` on the event loop."""
        with subprocess.Popen(
            [sys.executable, "-m", *action.module],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        ) as process:
            self._process = process
            assert process.stdout is not None
            for raw in process.stdout:
                self._loop.call_soon_threadsafe(self._take, clean(raw.rstrip("\n")))
        return process.returncode

    def _take(self, line: str) -> None:
        self._last.append(line)
        self._heard(line)

    def _interrupt(self) -> None:
        process: subprocess.Popen[str] | None = getattr(self, "_process", None)
        if process is None or process.poll() is not None:
            return
        self.cancel.disabled = True
        if os.name == "posix":
            process.send_signal(signal.SIGINT)
        else:
            process.terminate()

    def _enable(self, yes: bool) -> None:
        for button in self.buttons.values():
            button.disabled = not yes
        self.cancel.disabled = yes
