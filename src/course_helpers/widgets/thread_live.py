"""A thread as it lives: what is changed on it and what others run shows while it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from ipywidgets import Checkbox  # type: ignore[import-untyped]
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import CourseError, ServerError
from course_helpers.server.thread_actions import Started
from course_helpers.server.thread_stream import StreamEvent, run_events, thread_events
from course_helpers.widgets.thread_controls import ThreadControls
from course_helpers.widgets.thread_panel import NEW, ThreadPanel

Change = Callable[[LangGraphClient], Awaitable[Started]]

AWAY = "The server does not answer. The panel waits and goes on when it is back."
FIX = "start the server again, or switch Live off"


class LiveThreadPanel(ThreadPanel):
    """A thread panel that changes its thread, and holds the thread's stream while Live is on."""

    def _lay_out(self) -> None:
        super()._lay_out()
        self.follow = Checkbox(description="Live", indent=False, tooltip="Show runs as they go")
        self.controls = ThreadControls()
        self._changing, self._failure = asyncio.Lock(), ""
        self._deed: asyncio.Task[bool] | None = None
        self._following: asyncio.Task[None] | None = None
        self._held: asyncio.Future[None]  # done when the stream is held
        self._followed = ""  # the thread whose stream is held
        self.follow.observe(lambda _: self._soon(self._switched()), "value")

    def close(self) -> None:
        """Cancel what runs, leave the stream and take the panel off the page."""
        tasks = (getattr(self, "_deed", None), getattr(self, "_following", None))
        for task in tasks:
            if task and not task.done() and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(task.cancel)
        super().close()

    async def _change(
        self, change: Change, doing: str = "A run is under way.", done: str = "The run has ended."
    ) -> bool:
        """Change the thread, show what its run says, read it again; return whether it went well.

        One change at a time: another one waits. Whatever goes wrong is written into the panel.
        """
        if self.comm is None:
            return False  # the panel was closed
        try:
            async with self._changing:
                self._deed = asyncio.create_task(self._changed(change, doing, done))
                self._enable(False)
                self._follow()  # leaves the stream: the run's own is shown
                return await self._deed
        finally:
            self._settle()

    async def _changed(self, change: Change, doing: str, done: str) -> bool:
        self._say(doing)
        try:
            async with self._client() as client:
                started = await change(client)
            self._offer(self._threads, started.thread_id or NEW)
            self._failure = ""
            if started.run_id:
                await self._show_all(run_events(self._url, *started))
        except CourseError as error:
            tell = self._failed if isinstance(error, ServerError) else self._say
            tell(error.what, error.fix)
            return False
        except Exception as error:  # nobody else would ever see it
            self._failed(f"{type(error).__name__}: {error}", "press Refresh, then try again")
            return False
        return await self._look_again(done, started.thread_id or NEW)

    def _settle(self) -> None:
        """Put the panel at rest after a change: nothing is being said, the controls work."""
        if self.comm is not None and not self._changing.locked():
            self.live.clear()
            self._enable(True)
            self._follow()

    async def _look_again(self, done: str, chosen: str | None = None) -> bool:
        """Read the thread after something happened on it; return whether all went well."""
        failure, self._failure = self._failure, ""
        async with self._reading:
            if chosen is not None:
                self._offer(self._threads, chosen)
            with self._outcome_told(done):
                await self._read()
        self.live.clear()
        if failure and not self.stale:
            self._say(f"The run failed: {failure}.", "look at its error under Checkpoints")
        return not (failure or self.stale)

    async def _show_all(self, events: AsyncGenerator[StreamEvent]) -> None:
        async with aclosing(events):
            async for event in events:
                self._show(event)

    def _show(self, event: StreamEvent) -> None:
        """Show something that happens on the thread."""
        match event.kind:
            case "began":
                self._failure = ""
                self._say("A run is under way.")
            case "said":
                self.live.show(event.text)
            case "step" if event.messages:
                self.live.clear()
                self._page = 0
                self._paint_conversation(event.messages)
                if self.thread and self.thread.thread_id == self.thread_choice.value:
                    self.thread = replace(self.thread, messages=event.messages)
            case "failed":
                self._failure = event.text
            case "away" if not self.stale:  # else the panel says already what is wrong
                self._failed(AWAY, FIX)
            case "back":
                self._say("The server is back.")

    async def _switched(self) -> None:
        followed = self._followed
        self._follow()
        if self._following:
            await asyncio.wait({self._following, self._held}, return_when="FIRST_COMPLETED")
        if self.follow.value:
            await self._look_again("Live: a run on this thread shows as it goes.")
        elif followed:
            self._say("Live is off.")

    @property
    def _id(self) -> str:
        """The chosen thread's id, whether it was read already or not."""
        return "" if self.thread_choice.value == NEW else str(self.thread_choice.value)

    def _follow(self) -> None:
        """Hold the stream of the shown thread, if that is wanted now; else leave it."""
        wanted = self._id if self.follow.value and not self._changing.locked() else ""
        if wanted == self._followed or self.comm is None:
            return
        if self._following:
            self._following.cancel()
        self._followed, self._held = wanted, self._loop.create_future()
        self._following = asyncio.create_task(self._hold(wanted)) if wanted else None

    async def _hold(self, thread_id: str) -> None:
        """Show what happens on a thread until it is left; the panel says why it ends before."""
        try:
            async with aclosing(thread_events(self._url, thread_id, self._holds)) as events:
                async for event in events:
                    self._show(event)
                    if event.kind in ("ended", "back"):
                        back = event.kind == "back"
                        await self._look_again(
                            "The server is back." if back else "The run has ended."
                        )
                        if self.thread_choice.value != thread_id:
                            break  # it has gone, and the panel says so
        except CourseError as error:
            self._failed(error.what, error.fix)
        except Exception as error:  # nobody else would ever see it
            self._failed(f"{type(error).__name__}: {error}", "tick Live again")
        self._followed = ""
        self.follow.value = False

    def _holds(self) -> None:
        if not self._held.done():  # the server answers again after each break
            self._held.set_result(None)

    def _paint(self) -> None:
        super()._paint()
        self.controls.show(self.thread)
        self.controls.enable(not self._changing.locked())
        self._follow()

    def _enable(self, yes: bool) -> None:
        yes = yes and not self._changing.locked()
        super()._enable(yes)
        self.controls.enable(yes)
