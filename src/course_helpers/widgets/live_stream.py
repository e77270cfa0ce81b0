"""What happens on a thread, passed on as it happens: a run of one's own, or the thread's stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from course_helpers.server.thread_stream import StreamEvent, run_events, thread_events
from course_helpers.widgets.panel import cancel_soon

Show = Callable[[StreamEvent], None]
AtRest = Callable[[str], Awaitable[bool]]
Ended = Callable[[Exception | None], None]


class LiveStream:
    """Holds the stream of one thread at a time.

    Args:
        url: of the deployment.
        loop: the event loop on which the stream is held.
        show: called with each event.
        at_rest: called when a run has ended (`ended`), and when the server is there again
            (`back`); returns whether to hold the stream any longer.
        ended: called when the stream ends without having been left, with the error if there
            was one.

    Attributes:
        thread_id: whose stream is held; empty if none is.
        task: what holds it, or held it last; None if the last one was left.
    """

    def __init__(
        self,
        url: str,
        loop: asyncio.AbstractEventLoop,
        show: Show,
        at_rest: AtRest,
        ended: Ended,
    ) -> None:
        self._url, self._loop = url, loop
        self._show, self._at_rest, self._ended = show, at_rest, ended
        self.thread_id = ""
        self.task: asyncio.Task[None] | None = None
        self._answered: asyncio.Future[None]  # done when the server has begun to stream

    def follow(self, thread_id: str) -> None:
        """Hold the stream of this thread in place of another's; of an empty id none."""
        if thread_id == self.thread_id:
            return
        if self.task:
            self.task.cancel()
        self.thread_id, self._answered = thread_id, self._loop.create_future()
        self.task = asyncio.create_task(self._hold(thread_id)) if thread_id else None

    async def wait_until_held(self) -> None:
        """Wait until the stream is held, or has ended; return at once if none is wanted."""
        if self.task:
            await asyncio.wait({self.task, self._answered}, return_when="FIRST_COMPLETED")

    async def show_run(self, thread_id: str, run_id: str) -> None:
        """Pass on what happens in a run, to its end."""
        async with aclosing(run_events(self._url, thread_id, run_id)) as events:
            async for event in events:
                self._show(event)

    def close(self) -> None:
        """Leave the stream, from whatever thread."""
        cancel_soon(self.task, self._loop)

    async def _hold(self, thread_id: str) -> None:
        failure: Exception | None = None
        try:
            async with aclosing(thread_events(self._url, thread_id, self._begun)) as events:
                async for event in events:
                    self._show(event)
                    if event.kind in ("ended", "back") and not await self._at_rest(event.kind):
                        break
        except Exception as error:  # nobody else would ever see it
            failure = error
        self.thread_id = ""
        self._ended(failure)

    def _begun(self) -> None:
        if not self._answered.done():  # the server answers again after each break
            self._answered.set_result(None)
