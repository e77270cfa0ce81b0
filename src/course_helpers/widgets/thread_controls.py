"""The controls of a thread explorer: say something, answer what waits, go back in time."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from ipywidgets import HTML, Button, Dropdown, HBox, VBox  # type: ignore[import-untyped]

from course_helpers.core.markup import clean
from course_helpers.server.checkpoints import Checkpoint
from course_helpers.server.threads import ThreadView
from course_helpers.widgets.checkpoint_timeline import SOURCES
from course_helpers.widgets.thread_fields import Draft

DELETE, REALLY = "Delete", "Really delete?"
Work = Callable[[], Awaitable[None]]
Press = Callable[[Draft, Work], None]


class Commands(Protocol):
    """What the buttons are for."""

    async def send(self, text: str) -> None:
        """Say something, and show the answer as it comes."""

    async def approve(self) -> None:
        """Let the run that waits go on."""

    async def edit(self, text: str) -> None:
        """Let the run that waits go on with other words."""

    async def fork(self, checkpoint_id: str, text: str) -> None:
        """Go back to a checkpoint, and say something else there."""

    async def copy(self) -> None:
        """Copy the thread, and show the copy."""


class ThreadControls:
    """The rows of controls; those that do not apply to the thread are hidden.

    Attributes:
        message, send: what to say, and the button.
        question: what a thread waits for.
        approve, answer, edit: the button to let it go on; other words, and the button for them.
        checkpoint_choice, words, fork: where to go back to, what to say there, and the button.
        copy, delete: the buttons.
        rows: what to say, what waits, and time travel, as widgets.
    """

    def __init__(self) -> None:
        self.message = Draft("Message", "Say something to the agent")
        self.send = Button(description="Send", tooltip="Start a run with this message")
        self.question = HTML()
        self.approve = Button(description="Approve", tooltip="Let it go on as it is")
        self.answer = Draft("Instead", "")
        self.edit = Button(description="Edit", tooltip="Go on with these words instead")
        self.checkpoint_choice = Dropdown(description="Go back to")
        self.words = Draft("and say", "Another message")
        self.fork = Button(
            description="Fork", tooltip="Go on from that checkpoint, in a new branch"
        )
        self.copy = Button(description="Copy", tooltip="Copy the thread with its history")
        self.delete = Button(description=DELETE, tooltip="Delete the thread with its history")
        self.buttons = (self.send, self.approve, self.edit, self.fork, self.copy, self.delete)
        self.checkpoint_choice.observe(self._chosen, "value")
        self._checkpoints: Sequence[Checkpoint] = ()
        self.rows = self._rows()
        self.show(None)

    def connect(self, commands: Commands, press: Press) -> None:
        """Let the buttons, but Delete, do what the commands do.

        Args:
            commands: what to do.
            press: does it; takes also the field to go to, because one types there next.
        """
        pressed: list[tuple[Button, Draft, Work]] = [
            (self.send, self.message, lambda: commands.send(self.message.value)),
            (self.approve, self.message, commands.approve),
            (self.edit, self.message, lambda: commands.edit(self.answer.value)),
            (
                self.fork,
                self.words,
                lambda: commands.fork(self.checkpoint_choice.value, self.words.value),
            ),
            (self.copy, self.message, commands.copy),
        ]
        for button, field, work in pressed:
            button.on_click(lambda _, field=field, work=work: press(field, work))

    def ask_to_delete(self) -> bool:
        """Let Delete ask to be pressed once more; return False if it has asked already."""
        asked = self.delete.description == REALLY
        self.delete.description = REALLY
        return not asked

    def show(self, thread: ThreadView | None) -> None:
        """Show the controls that apply to a thread, and fill them."""
        head = thread.checkpoints[0] if thread and thread.checkpoints else None
        self._checkpoints = thread.checkpoints if thread else ()
        self.delete.description = DELETE
        _say, waits, travel = self.rows
        waits.layout.display = None if thread and thread.waiting else "none"
        travel.layout.display = None if thread else "none"
        self.question.value = ""
        if thread and thread.waiting and head:
            self._ask(head)
        self._offer_checkpoints()

    def enable(self, yes: bool) -> None:
        """Enable the buttons; what was typed can always be edited."""
        for button in (*self.buttons, self.checkpoint_choice):
            button.disabled = not yes
        self.fork.disabled = not (yes and self._checkpoints)

    def _rows(self) -> tuple[HBox, VBox, HBox]:
        answers = HBox([self.approve, self.answer, self.edit])
        travel = [self.checkpoint_choice, self.words, self.fork, self.copy, self.delete]
        rows = HBox([self.message, self.send]), VBox([self.question, answers]), HBox(travel)
        for row in (rows[0], answers, rows[2]):
            row.add_class("course-controls")
        rows[1].add_class("course-waits")
        return rows

    def _ask(self, head: Checkpoint) -> None:
        nodes = f"<code>{html.escape(', '.join(head.next))}</code>"
        asked = "".join(f"<pre>{html.escape(text)}</pre>" for text in head.asked)
        what = f"{nodes} asks:{asked}" if asked else f"The run stopped before {nodes}."
        self.question.value = clean(f"<div>{what}</div>")
        self.answer.placeholder = "Your answer" if asked else "Other words for the last message"
        self.answer.offer("" if asked else clean(head.said))

    def _offer_checkpoints(self) -> None:
        """Fill the dropdown, the newest first, and keep what was chosen in it."""
        chosen, options = (
            self.checkpoint_choice.value,
            [(_label(c), c.id) for c in self._checkpoints],
        )
        kept = chosen if chosen in [key for _, key in options] else None
        with self.checkpoint_choice.hold_sync():
            self.checkpoint_choice.options = options
            self.checkpoint_choice.value = kept or next((key for _, key in options), None)
        self._chosen()

    def _chosen(self, *_: object) -> None:
        """Offer the chosen checkpoint's human message, which a fork replaces."""
        chosen = self.checkpoint_choice.value
        checkpoint = next((c for c in self._checkpoints if c.id == chosen), None)
        replaced = checkpoint and checkpoint.next and list(checkpoint.next) != ["__start__"]
        self.words.offer(clean(checkpoint.said) if checkpoint and replaced else "")


def _label(checkpoint: Checkpoint) -> str:
    """Return which step a checkpoint is, what made it and what comes next."""
    made = SOURCES.get(checkpoint.source) or " + ".join(checkpoint.ran)
    what = f"step {checkpoint.step}" + (f", {made}" if made else "")
    return clean(f"{what} · next: {', '.join(checkpoint.next) or 'end'}")
