"""A panel over a deployment with buttons of its own, some of which change what is on the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from ipywidgets import Button, ValueWidget  # type: ignore[import-untyped]
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from course_helpers.lanes import Deployment
from course_helpers.server.probe import require_ready
from course_helpers.widgets.panel import Panel

TIMEOUT = 15.0  # seconds for each request; none here takes longer than 1 s

Work = Callable[[LangGraphClient], Awaitable[None]]


class ServerPanel(Panel):
    """A panel that reads and changes what is on a server, one thing at a time.

    Args:
        deployment: what `connect()` returned.
        title: the heading.
        hint: what the button Refresh does, in a sentence.
        fields: what to choose before reading; another value reads at once.
    """

    def __init__(
        self, deployment: Deployment, title: str, hint: str, fields: Sequence[ValueWidget] = ()
    ) -> None:
        super().__init__(title, "Refresh", hint, fields)
        self._url = deployment.url

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[LangGraphClient]:
        """Connect to the server; raise at once if it is down, where the SDK would try for 7.5 s."""
        await asyncio.to_thread(require_ready, self._url)
        async with get_client(url=self._url, timeout=TIMEOUT) as client:
            yield client

    def _when_clicked(self, button: Button, action: Callable[[], Awaitable[None]]) -> None:
        """Do something on the panel's event loop at each click of a button."""
        button.on_click(lambda _: self._soon(self._clicked(button, action)))

    async def _clicked(self, button: Button, action: Callable[[], Awaitable[None]]) -> None:
        await action()
        # The browser takes the focus from a button that is disabled or hidden meanwhile.
        gone = button.disabled or button.layout.display == "none"
        (self.button if gone else button).focus()

    async def _change(self, work: Work, done: str) -> None:
        """Change something and read again; say what was done, or why not."""
        await self._idle()
        if self.comm is None:
            return  # the panel was closed after the button was pressed
        self._task = asyncio.create_task(self._changed(work, done))
        await self._task

    async def _changed(self, work: Work, done: str) -> None:
        complete = False
        with self._outcome_shown():
            async with self._client() as client:
                await work(client)
            await self._read()
            complete = True
        if complete:
            self._say(f"{done} {self.message}")

    async def _idle(self) -> None:
        """Wait until nothing is under way."""
        while self._task and not self._task.done():
            await asyncio.wait([self._task])
