"""A thread as it lives: it is changed here, one change at a time, and what others run is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ipywidgets import Checkbox  # type: ignore[import-untyped]
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import CourseError, ServerError
from course_helpers.server.thread_actions import Started
from course_helpers.server.thread_stream import StreamEvent
from course_helpers.widgets.live_stream import LiveStream
from course_helpers.widgets.panel import cancel_soon
from course_helpers.widgets.server_panel import ServerPanel
from course_helpers.widgets.thread_display import ThreadDisplay
from course_helpers.widgets.thread_fields import ThreadChoice
from course_helpers.widgets.thread_reader import NEW, ThreadReader

Action = Callable[[LangGraphClient], Awaitable[Started]]
ReadAgain = Callable[[str, str | None], Awaitable[None]]

AWAY = "The server does not answer. The panel waits and goes on when it is back."
FIX = "start the server again, or switch Live off"


class LiveThread:
    """What happens on the thread of a panel, which shows it and says how it goes.

    Args:
        panel: the panel; its controls are disabled during a change.
        reader: what the panel has read.
        display: what shows it.
        choice: which thread it is.
        read_again: reads the thread and says what was done; takes that sentence, and the thread
            to choose before, if it is another one.

    Attributes:
        box: the box Live, to hold the stream of the chosen thread.
        stream: that stream.
    """

    def __init__(
        self,
        panel: ServerPanel,
        reader: ThreadReader,
        display: ThreadDisplay,
        choice: ThreadChoice,
        read_again: ReadAgain,
    ) -> None:
        self._panel, self._reader, self._display = panel, reader, display
        self._choice, self._read_again = choice, read_again
        self.stream = LiveStream(panel._url, panel._loop, self._show, self._at_rest, self._ended)
        self.box = Checkbox(description="Live", indent=False, tooltip="Show runs as they go")
        self.box.observe(lambda _: panel._soon(self._switched()), "value")
        self._changing = asyncio.Lock()
        self._change: asyncio.Task[bool] | None = None
        self._run_error = ""  # of the run that is shown

    @property
    def changing(self) -> bool:
        """Whether a change is under way."""
        return self._changing.locked()

    def close(self) -> None:
        """Cancel the change that is under way, and leave the stream."""
        cancel_soon(self._change, self._panel._loop)
        self.stream.close()

    def follow(self) -> None:
        """Hold the stream of the chosen thread, if that is wanted now; else leave it."""
        if self._panel.comm is not None:
            wanted = self.box.value and not self.changing
            self.stream.follow(self._choice.thread_id if wanted else "")

    async def change(
        self, action: Action, doing: str = "A run is under way.", done: str = "The run has ended."
    ) -> bool:
        """Change the thread, show its run and read it again; return whether it went well.

        One change at a time: another one waits. Whatever goes wrong is written into the panel.
        """
        if self._panel.comm is None:
            return False  # the panel was closed
        try:
            async with self._changing:
                self._change = asyncio.create_task(self._do(action, doing, done))
                self._panel._enable(False)
                self.follow()  # leaves the stream: the run's own is shown
                return await self._change
        finally:
            self._settle()

    def _settle(self) -> None:
        """After the last change: no words are shown that are being said, the controls work."""
        if self._panel.comm is not None and not self.changing:
            self._display.live.clear()
            self._panel._enable(True)
            self.follow()

    async def _do(self, action: Action, doing: str, done: str) -> bool:
        self._panel._say(doing)
        try:
            async with self._panel._client() as client:
                started = await action(client)
            self._choice.offer(self._reader.threads, started.thread_id or NEW)
            self._run_error = ""
            if started.run_id:
                await self.stream.show_run(*started)
        except Exception as error:  # nobody else would ever see it
            self._refused(error)
            return False
        return await self._look_again(done, started.thread_id or NEW)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, CourseError) and not isinstance(error, ServerError):
            self._panel._say(error.what, error.fix)  # the server answers: what is shown is not old
        else:
            self._panel._failed_by(error, "press Refresh, then try again")

    async def _look_again(self, done: str, chosen: str | None = None) -> bool:
        """Read the thread after something happened on it; return whether all went well."""
        run_error, self._run_error = self._run_error, ""
        await self._read_again(done, chosen)
        self._display.live.clear()
        if run_error and not self._panel.stale:
            sentence = f"The run failed: {run_error}."
            self._panel._say(sentence, "look at its error under Checkpoints")
        return not (run_error or self._panel.stale)

    # --- The stream -----------------------------------------------------------------------------

    async def _switched(self) -> None:
        """Hold the stream or leave it, as the box now says."""
        followed = self.stream.thread_id
        self.follow()
        await self.stream.wait_until_held()
        if self.box.value:
            await self._look_again("Live: a run on this thread shows as it goes.")
        elif followed:
            self._panel._say("Live is off.")

    def _show(self, event: StreamEvent) -> None:
        """Show something that happens on the thread."""
        match event.kind:
            case "began":
                self._run_error = ""
                self._panel._say("A run is under way.")
            case "said":
                self._display.live.show(event.text)
            case "step" if event.messages:
                self._display.show_step(event.messages)
                self._reader.replace_messages(self._choice.value, event.messages)
            case "failed":
                self._run_error = event.text
            case "away" if not self._panel.stale:  # else the panel says already what is wrong
                self._panel._failed(AWAY, FIX)
            case "back":
                self._panel._say("The server is back.")

    async def _at_rest(self, kind: str) -> bool:
        """Read the thread when a run has ended; return whether it is still the chosen one."""
        followed = self.stream.thread_id
        await self._look_again("The server is back." if kind == "back" else "The run has ended.")
        return bool(self._choice.value == followed)

    def _ended(self, error: Exception | None) -> None:
        """Untick the box, because the stream has ended by itself; say why if it failed."""
        if error:
            self._panel._failed_by(error, "tick Live again")
        self.box.value = False
