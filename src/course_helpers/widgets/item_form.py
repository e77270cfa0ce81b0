"""A form to choose an item of the store, edit its JSON, and ask for its deletion."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any, NoReturn

from ipywidgets import HTML, Button, Dropdown, HBox, Textarea, VBox  # type: ignore[import-untyped]

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean, one_line
from course_helpers.server.store import Address, Item
from course_helpers.widgets.panel import offer

SHOWN = 40  # characters of a key, and of a value, in the list of items


class ItemForm(VBox):
    """The form alone; it does not talk to the server.

    Text that was typed and not saved is kept with its item, whatever else is chosen or read.

    Attributes:
        choice: the items to choose from.
        editor: the chosen item's value as JSON.
        buttons: Save, Reload, Delete, and Confirm, which is hidden until deletion is asked for.
        item: the chosen item as it was when the editor was filled, or None.
    """

    def __init__(self) -> None:
        self.item: Item | None = None
        self._items: dict[Address, Item] = {}
        self._drafts: dict[Address, tuple[Item, str]] = {}
        self.choice = Dropdown(description="Item", options=[("Choose an item", "")])
        self.editor = Textarea(description="Value", continuous_update=False, rows=10)
        self.buttons = {
            "Save": Button(description="Save", tooltip="Write the text into the store"),
            "Reload": Button(description="Reload", tooltip="Drop your changes and read it again"),
            "Delete": Button(description="Delete", tooltip="Delete the item; asks once more"),
            "Confirm": Button(description="Yes, delete it", tooltip="Delete the item for good"),
        }
        self._where = HTML()
        self.choice.observe(self._chosen, "value")
        self.editor.observe(self._typed, "value")
        controls = HBox(list(self.buttons.values()))
        controls.add_class("course-controls")
        super().__init__([self.choice, self._where, self.editor, controls])
        self.add_class("course-item")
        self.ask(False)
        self.enable(True)

    def offer(self, items: Sequence[Item]) -> None:
        """Offer the items that were read, and those with changes that are not saved."""
        self._items = {item.address: item for item in items}
        labels = {item.address: _label(item) for item in items}
        labels |= {a: f"{_label(item)} (not saved)" for a, (item, _) in self._drafts.items()}
        chosen = self.choice.value if self.choice.value in labels else ""
        options = [("Choose an item", ""), *((label, address) for address, label in labels.items())]
        offer(self.choice, options, chosen, self._chosen)
        self._show()

    def forget(self, address: Address) -> None:
        """Drop the changes to an item that were not saved."""
        self._drafts.pop(address, None)
        self._show()

    def ask(self, yes: bool = True) -> None:
        """Show or hide the button that deletes for good."""
        self.buttons["Confirm"].layout.display = None if yes else "none"

    @property
    def asking(self) -> bool:
        """Whether the button that deletes for good is there."""
        return self.buttons["Confirm"].layout.display is None

    def enable(self, yes: bool) -> None:
        """Enable the controls, or disable them while the panel works."""
        self.choice.disabled = not yes
        for control in (self.editor, *self.buttons.values()):
            control.disabled = not yes or self.item is None

    def _chosen(self, _: object) -> None:
        self._show()
        self.enable(True)

    def _typed(self, _: object) -> None:
        if self.item is None:
            return
        self.ask(False)
        if self.editor.value == format_value(self.item.value):
            self._drafts.pop(self.item.address, None)
        else:
            self._drafts[self.item.address] = (self.item, self.editor.value)

    def _show(self) -> None:
        """Put the chosen item's text into the editor: what was typed before, or what is stored."""
        address: Any = self.choice.value
        stored = self._items.get(address)
        text = format_value(stored.value) if stored else ""
        self.item, text = self._drafts.get(address) or (stored, text)
        self.editor.unobserve(self._typed, "value")
        self.editor.value = text
        self.editor.observe(self._typed, "value")
        self.ask(False)
        self._where.value = clean(_place(self.item))


def _label(item: Item) -> str:
    value = json.dumps(item.value, ensure_ascii=False)
    return f"{one_line(item.key, SHOWN) or '(empty)'} · {one_line(value, SHOWN)}"


def _place(item: Item | None) -> str:
    if item is None:
        return "<p>Choose an item to see its whole value, and to change or delete it.</p>"
    namespace = html.escape(" › ".join(item.namespace))
    return f"<p><code>{html.escape(item.key)}</code> in {namespace}</p>"


def format_value(value: dict[str, Any]) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def parse_value(text: str) -> dict[str, Any]:
    """Return the value that a JSON text stands for.

    Raises:
        CourseError: the text is not JSON, or not an object, as each value of a store must be.
    """
    fix = "correct it in the editor, or press Reload to drop your changes"
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CourseError(
            f"This is not JSON: {error.msg} at {where}. Nothing was saved.", fix
        ) from None
    except ValueError as error:
        raise CourseError(f"{error} Nothing was saved.", fix) from None
    if not isinstance(value, dict):
        raise CourseError("A value of the store is an object in braces. Nothing was saved.", fix)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}.")  # which Python would read, and the SDK send as null
