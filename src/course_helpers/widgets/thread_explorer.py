"""A thread in three parts, to watch and to change: its conversation, its checkpoints, the store."""

from __future__ import annotations

import asyncio
from typing import Any

from ipywidgets import Text  # type: ignore[import-untyped]

from course_helpers.core.errors import NotFoundError
from course_helpers.lanes import Deployment
from course_helpers.server import thread_actions as actions
from course_helpers.server.memories import Memories
from course_helpers.server.threads import ThreadView
from course_helpers.widgets.server_panel import ServerPanel
from course_helpers.widgets.thread_controls import REALLY, ThreadControls, Work
from course_helpers.widgets.thread_display import ThreadDisplay, thread_html
from course_helpers.widgets.thread_fields import Draft, ThreadChoice
from course_helpers.widgets.thread_live import Action, LiveThread
from course_helpers.widgets.thread_reader import ThreadReader

SETTLE = 0.1  # seconds after Enter: the browser sends the key before the field's text


class ThreadExplorer(ServerPanel):
    """A thread's conversation and checkpoints, and a user's memories: to watch and to change.

    Make it in a notebook cell with `await ThreadExplorer.load(server, thread_id, user_id="ann")`.
    With the box Live ticked, or `explorer.follow.value = True`, the panel holds the thread's own
    stream: what other clients run on the thread, a notebook cell too, shows as it goes.

    What a button does, a method does too: each returns when it is done, and tells how it ended in
    `message`. Runs get the shown user and category as context.

    Args:
        deployment: what `connect()` returned.
        thread_id: the thread to show; without it the one that changed last.
        user_id: whose memories to show; without it none are shown.
        category: the `todo_category` of these memories.

    Attributes:
        thread: what was read of the thread, or None.
        memories: what was read of the store, or None.
        thread_choice, user_field: what is shown; another value is read at once.
        follow: the box Live.
        checkpoint_choice: where a fork goes back to.
        controls: the other fields and buttons.
        live, earlier, later, older: the turn that is being said, and the buttons to turn pages.
    """

    def __init__(
        self,
        deployment: Deployment,
        thread_id: str | None = None,
        user_id: str | None = None,
        category: str = "general",
    ) -> None:
        self.thread_choice = ThreadChoice(thread_id or "", self._pressed)
        self.user_field = Text(
            description="User",
            value=user_id or "",
            placeholder="whose memories",
            continuous_update=False,
        )
        hint = "Read the list of threads, the thread and the memories again"
        fields = [self.thread_choice, self.user_field]
        super().__init__(deployment, "Thread explorer", hint, fields)
        self._reader = ThreadReader(category)
        self._display = ThreadDisplay(self._body, self._loop)
        self._live = LiveThread(
            self, self._reader, self._display, self.thread_choice, self._read_again
        )
        self.controls = ThreadControls()
        self._reading = asyncio.Lock()
        self._lay_out()
        self._connect()
        self._say("Press Refresh to read the threads.")

    @classmethod
    async def load(
        cls,
        deployment: Deployment,
        thread_id: str | None = None,
        user_id: str | None = None,
        category: str = "general",
    ) -> ThreadExplorer:
        """Return an explorer that has read its data; the arguments are the class's."""
        explorer = cls(deployment, thread_id, user_id, category)
        await explorer.refresh()
        return explorer

    @property
    def thread(self) -> ThreadView | None:
        """What was read of the thread, or None."""
        return self._reader.thread

    @property
    def memories(self) -> Memories | None:
        """What was read of the store, or None."""
        return self._reader.memories

    def summary(self) -> str:
        """Return the thread's status and how much there is of each part."""
        return self._reader.summary()

    def body_html(self) -> str:
        """Return the three parts as sections."""
        return thread_html(self.thread, self.memories)

    def close(self) -> None:
        """Cancel what runs, leave the stream and take the panel off the page."""
        if hasattr(self, "_live"):  # else it was not made completely
            self._live.close()
        super().close()

    # --- What can be done with a thread ---------------------------------------------------------

    async def show_older(self) -> None:
        """Read and show one page more of older checkpoints."""
        async with self._reading:
            with self._outcome_shown():
                if self.thread:
                    async with self._client() as client:
                        await self._reader.read_older(client)

    async def send(self, text: str) -> None:
        """Start a run with a message, in a new thread if none is shown; return at its end."""
        field = self.controls.message
        await self._change_with(
            field, text, lambda c: actions.send(c, self._id, text, self._context)
        )

    async def fork(self, checkpoint_id: str, text: str) -> None:
        """Go back to a checkpoint and on from there with another message, to the run's end.

        Args:
            checkpoint_id: one of the thread's.
            text: replaces the last human message of that checkpoint; where nothing came next, it
                is a new message after it.
        """
        thread_id = self._id
        await self._change_with(
            self.controls.words,
            text,
            lambda c: actions.fork(c, thread_id, checkpoint_id, text, self._context),
        )

    async def approve(self) -> None:
        """Let what the thread waits for go on as it is; a node that asked gets `True`."""
        await self._live.change(lambda c: actions.approve(c, self._id, self._context))

    async def edit(self, text: str) -> None:
        """Go on with other words than those of the last message; a node that asked gets them."""
        field = self.controls.answer
        await self._change_with(
            field, text, lambda c: actions.edit(c, self._id, text, self._context)
        )

    async def copy(self) -> None:
        """Copy the thread with its history, and show the copy."""
        done = "This is the copy; the original stays as it was."
        await self._live.change(lambda c: actions.copy(c, self._id), "Copying the thread.", done)

    async def delete(self) -> None:
        """Delete the thread with its history; what the store remembers stays."""
        done = "The thread is deleted. The next message begins a new one."
        await self._live.change(lambda c: actions.delete(c, self._id), "Deleting the thread.", done)

    @property
    def _id(self) -> str:
        return self.thread_choice.thread_id

    @property
    def _context(self) -> actions.Context:
        user_id = self.user_field.value.strip()
        return {"user_id": user_id, "todo_category": self._reader.category} if user_id else None

    async def _change_with(self, field: Draft, text: str, action: Action) -> None:
        """Change the thread by a text, which the field gets back if that fails."""
        if field.value == text:
            field.take()
        if not await self._live.change(action):
            field.give_back(text)

    # --- Reading --------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        async with self._reading:
            await super()._refresh()

    async def _read(self) -> None:
        chosen = self.thread_choice.value
        async with self._client() as client:
            try:
                shown = await self._reader.read(client, chosen, self.user_field.value.strip())
            except NotFoundError:
                self._choose("")
                raise
            wanted = self.thread_choice.value  # another may have been chosen meanwhile
            self._choose(shown if wanted == chosen else wanted)

    async def _read_again(self, done: str, chosen: str | None) -> None:
        """Read after something was done on the thread, and say so; choose another one before."""
        async with self._reading:
            if chosen is not None:
                self._choose(chosen)
            with self._outcome_told(done):
                await self._read()

    def _choose(self, chosen: str) -> None:
        """Choose one of the threads that were read, without reading because of it."""
        self.thread_choice.offer(self._reader.threads, chosen)

    # --- The widgets ----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        display, controls = self._display, self.controls
        self.live, self.older = display.live, display.older
        self.earlier, self.later = display.earlier, display.later
        self.follow, self.checkpoint_choice = self._live.box, controls.checkpoint_choice
        say, waits, travel = controls.rows
        heading, main, status, _ = self.children
        main.children = [*main.children, self.follow]
        parts = [status, display.columns, waits, say, display.history, travel]
        self.children = [heading, main, *parts]

    def _connect(self) -> None:
        self.older.on_click(lambda _: self._soon(self._older_pressed()))
        self.controls.message.on_msg(lambda _, content, __: self._entered(content))
        self.controls.connect(self, self._press)
        delete = self.controls.delete
        delete.on_click(lambda _: self._loop.call_soon_threadsafe(self._delete_pressed))

    def _press(self, then: Draft, work: Work) -> None:
        """Do something unless another change is under way; one types on in the field `then`."""

        async def pressed() -> None:
            if not self._live.changing:
                then.focus()  # the browser takes the focus from a button that is disabled
                await work()

        self._soon(pressed())

    async def _older_pressed(self) -> None:
        await self.show_older()
        self.older.focus()

    def _entered(self, content: dict[str, Any]) -> None:
        if content.get("event") == "submit":
            self._loop.call_soon_threadsafe(self._loop.call_later, SETTLE, self.controls.send.click)

    def _delete_pressed(self) -> None:
        if self.controls.ask_to_delete():
            self._say(
                "The thread goes with its history; what the store remembers stays.",
                f"press {REALLY} to delete it, or Refresh to keep it",
            )
        else:
            self._press(self.controls.message, self.delete)

    def _paint(self) -> None:
        self._display.show(self.thread, self.memories)
        self.controls.show(self.thread)
        self.controls.enable(not self._live.changing)
        self._live.follow()

    def _enable(self, yes: bool) -> None:
        yes = yes and not self._live.changing
        super()._enable(yes)
        self.controls.enable(yes)
