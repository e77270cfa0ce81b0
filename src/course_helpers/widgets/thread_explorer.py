"""A thread in three parts, to watch and to change: its conversation, its checkpoints, the store."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ipywidgets import Button  # type: ignore[import-untyped]

from course_helpers.lanes import Deployment
from course_helpers.server import thread_actions as actions
from course_helpers.widgets.thread_controls import DELETE, REALLY, Draft
from course_helpers.widgets.thread_live import Change, LiveThreadPanel

SETTLE = 0.1  # seconds after Enter: the browser sends the key before the field's text


class ThreadExplorer(LiveThreadPanel):
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
    """

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

    async def send(self, text: str) -> None:
        """Start a run with a message, in a new thread if none is shown; return at its end."""
        field = self.controls.message
        await self._say_it(field, text, lambda c: actions.send(c, self._id, text, self._context))

    async def fork(self, checkpoint_id: str, text: str) -> None:
        """Go back to a checkpoint and on from there with another message, to the run's end.

        Args:
            checkpoint_id: one of the thread's.
            text: replaces the last human message of that checkpoint; where nothing came next, it
                is a new message after it.
        """
        thread_id = self._id
        await self._say_it(
            self.controls.words,
            text,
            lambda c: actions.fork(c, thread_id, checkpoint_id, text, self._context),
        )

    async def approve(self) -> None:
        """Let what the thread waits for go on as it is; a node that asked gets `True`."""
        await self._change(lambda c: actions.approve(c, self._id, self._context))

    async def edit(self, text: str) -> None:
        """Go on with other words than those of the last message; a node that asked gets them."""
        field = self.controls.answer
        await self._say_it(field, text, lambda c: actions.edit(c, self._id, text, self._context))

    async def copy(self) -> None:
        """Copy the thread with its history, and show the copy."""
        done = "This is the copy; the original stays as it was."
        await self._change(lambda c: actions.copy(c, self._id), "Copying the thread.", done)

    async def delete(self) -> None:
        """Delete the thread with its history; what the store remembers stays."""
        done = "The thread is deleted. The next message begins a new one."
        await self._change(lambda c: actions.delete(c, self._id), "Deleting the thread.", done)

    @property
    def _context(self) -> actions.Context:
        user_id = self.user_field.value.strip()
        return {"user_id": user_id, "todo_category": self._category} if user_id else None

    def _lay_out(self) -> None:
        super()._lay_out()
        self.checkpoint_choice = self.controls.checkpoint_choice
        self._connect()
        say, waits, travel = self.controls.rows
        heading, main, status, columns, history = self.children
        main.children = [*main.children, self.follow]
        self.children = [heading, main, status, columns, waits, say, history, travel]

    def _connect(self) -> None:
        """Let the controls do what the methods do; a press moves on to where one types next."""
        c = self.controls
        c.message.on_msg(lambda _, content, __: self._entered(content))
        self._on(c.send, c.message, lambda: self.send(c.message.value))
        self._on(c.approve, c.message, self.approve)
        self._on(c.edit, c.message, lambda: self.edit(c.answer.value))
        self._on(c.fork, c.words, lambda: self.fork(c.checkpoint_choice.value, c.words.value))
        self._on(c.copy, c.message, self.copy)
        c.delete.on_click(lambda _: self._loop.call_soon_threadsafe(self._delete_pressed))

    def _on(
        self, button: Button, then: Draft, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        async def pressed() -> None:
            if not self._changing.locked():
                then.focus()  # the browser takes the focus from a button that is disabled
                await work()

        button.on_click(lambda _: self._soon(pressed()))

    def _entered(self, content: dict[str, Any]) -> None:
        if content.get("event") == "submit":
            self._loop.call_soon_threadsafe(self._loop.call_later, SETTLE, self.controls.send.click)

    def _delete_pressed(self) -> None:
        button = self.controls.delete
        if button.description == DELETE:
            button.description = REALLY
            self._say(
                "The thread goes with its history; what the store remembers stays.",
                f"press {REALLY} to delete it, or Refresh to keep it",
            )
        elif not self._changing.locked():
            self.controls.message.focus()
            self._soon(self.delete())

    async def _say_it(self, field: Draft, text: str, change: Change) -> None:
        """Change the thread by a text, which the field gets back if that fails."""
        if field.value == text:
            field.take()
        if not await self._change(change):
            field.give_back(text)
