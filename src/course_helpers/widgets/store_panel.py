"""The store's namespaces and items: look through, search, edit and delete."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from ipywidgets import Button, HBox, Text, ToggleButtons, VBox  # type: ignore[import-untyped]
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import CourseError, NotFoundError
from course_helpers.core.markup import count
from course_helpers.lanes import Deployment
from course_helpers.server.store import (
    SEARCHED,
    Item,
    ItemPage,
    Namespace,
    delete_item,
    list_namespaces,
    put_item,
    read_items,
)
from course_helpers.widgets.item_form import ItemForm, parse_value
from course_helpers.widgets.panel import offer
from course_helpers.widgets.server_panel import ServerPanel
from course_helpers.widgets.store_view import NODES, items_html, labels, store_html, title, tree

PAGE = 50  # items
CUT = (
    f"<p>The tree shows the first {NODES} namespaces. A search finds items of the others too, and "
    "<code>await panel.open([…])</code> shows one.</p>"
)


class StorePanel(ServerPanel):
    """The store's namespaces as a tree and its items as a table, to search, edit and delete.

    Make it in a notebook cell with `await StorePanel.load(server)`.

    Args:
        deployment: what `connect()` returned.
        namespace: the namespace to show, with the items below it; none is the whole store.

    Attributes:
        namespaces: those that have items.
        items: those that are shown; of many, a page.
        namespace_choice, search: what is shown; another value is read at once.
        item_choice, editor: the item to edit, and its value as JSON.
        buttons: by name: Save, Reload, Delete, Confirm, Previous, Next; to press also from code.
    """

    def __init__(self, deployment: Deployment, namespace: Sequence[str] = ()) -> None:
        chosen = tuple(namespace)
        # Not a `Select`: JupyterLab takes the arrow keys from it to move between cells.
        self.namespace_choice = ToggleButtons(
            description="Namespaces", options=labels(tree([], chosen)), value=chosen
        )
        self.search = Text(
            description="Search", placeholder="a text in the items", continuous_update=False
        )
        super().__init__(deployment, "Store", "Read the namespaces and items again", [self.search])
        self.namespaces: Sequence[Namespace] = ()
        self._shown, self._text, self._page, self._step = chosen, "", 0, 0
        self._found = ItemPage([])
        self._form = ItemForm()
        self.item_choice, self.editor = self._form.choice, self._form.editor
        self.buttons = {
            **self._form.buttons,
            "Previous": Button(description="Previous page", disabled=True),
            "Next": Button(description="Next page", disabled=True),
        }
        self._connect()
        self._lay_out()
        self._say("Press Refresh to read the store.")

    @classmethod
    async def load(cls, deployment: Deployment, namespace: Sequence[str] = ()) -> StorePanel:
        """Return a panel that has read its data; the arguments are the class's."""
        panel = cls(deployment, namespace)
        await panel.refresh()
        return panel

    @property
    def items(self) -> Sequence[Item]:
        """The items that are shown."""
        return self._found.items

    def open(self, namespace: Sequence[str] | None = None) -> Awaitable[None] | None:
        """Show a namespace: `await panel.open(["todo", "general"])`; the outcome is in `message`.

        Every widget has an `open`, which ipywidgets calls without arguments to reach the page.
        """
        return super().open() if namespace is None else self._open(tuple(namespace))

    async def _open(self, namespace: Namespace) -> None:
        await self._idle()
        self._choose(namespace)
        await self.refresh()

    async def save(self, key: str, value: dict[str, Any]) -> None:
        """Write an item of the namespace that is shown, or a new one; the outcome is in `message`.

        It is refused if somebody else has changed the item since the panel read it.
        """
        await self._idle()
        await self._save(self._shown, key, value, self._seen(key))

    async def delete(self, key: str) -> None:
        """Delete an item of the namespace that is shown; the outcome is in `message`."""
        await self._idle()
        await self._delete(key, self._seen(key))

    def summary(self) -> str:
        """Return how many items are shown, and of which namespace."""
        first, number = self._page * PAGE, len(self.items)
        which = count(number, "item")
        if first or self._found.more:
            which = f"items {first + 1:,} to {first + number:,}"
        more = ", and more" if self._found.more else ""
        found = f" with {self._text!r}" if self._text else ""
        cut = f" (of the first {SEARCHED:,}; the store holds more)" if self._found.truncated else ""
        return f"{which} in {title(self._shown)}{found}{more}{cut}"

    def body_html(self) -> str:
        """Return the items as a table, and say so where the tree does not show all namespaces."""
        cut = len(tree(self.namespaces, self._shown)) >= NODES
        return items_html(self._shown, self._found) + (CUT if cut else "")

    def static_html(self) -> str:
        """Return the tree and the table."""
        nodes = tree(self.namespaces, self._shown)
        return store_html(self._title, nodes, self._shown, self.body_html())

    # --- The server ----------------------------------------------------------------------------

    async def _read(self) -> None:
        asked, text = self.namespace_choice.value, self.search.value.strip()
        page, self._step = self._page + self._step, 0
        if (asked, text) != (self._shown, self._text):
            page = 0
        async with self._client() as client:
            namespaces = await list_namespaces(client)
            found = await read_items(client, asked, text, PAGE, page * PAGE)
            if page and not found.items:  # the last item of the last page has gone
                page -= 1
                found = await read_items(client, asked, text, PAGE, page * PAGE)
        self.namespaces, self._found = namespaces, found
        self._shown, self._text, self._page = asked, text, page
        self._choose(self.namespace_choice.value)  # another may have been chosen meanwhile
        self._form.offer(found.items)

    async def _save(
        self, namespace: Namespace, key: str, value: dict[str, Any], seen: Item | None
    ) -> None:
        async def work(client: LangGraphClient) -> None:
            await put_item(client, namespace, key, value, seen)
            self._form.forget((namespace, key))

        await self._change(work, f"Saved {key!r}.")

    async def _delete(self, key: str, seen: Item | None) -> None:
        async def work(client: LangGraphClient) -> None:
            if seen is None:
                raise NotFoundError(f"There is no item {key!r} here.", "press Refresh")
            await delete_item(client, seen)
            self._form.forget(seen.address)

        await self._change(work, f"Deleted {key!r}.")

    def _seen(self, key: str) -> Item | None:
        return next((item for item in self.items if item.address == (self._shown, key)), None)

    # --- The controls --------------------------------------------------------------------------

    def _connect(self) -> None:
        self.namespace_choice.observe(self._chosen, "value")
        actions = {
            "Save": self._save_text,
            "Reload": self._reload,
            "Delete": self._ask,
            "Confirm": self._delete_chosen,
            "Previous": lambda: self._turn(-1),
            "Next": lambda: self._turn(1),
        }
        for name, action in actions.items():
            self._when_clicked(self.buttons[name], action)

    def _lay_out(self) -> None:
        self._pager = HBox([self.buttons["Previous"], self.buttons["Next"]])
        controls = HBox([self.search, self.button])
        for row in (controls, self._pager):
            row.add_class("course-controls")
        items = VBox([self._body, self._pager, self._form])
        columns = HBox([self.namespace_choice, items])
        columns.add_class("course-store")
        self.children = [self._heading, controls, self._status, columns]

    def _choose(self, chosen: Namespace) -> None:
        """Show a namespace as chosen in the tree, without reading because of it."""
        options = labels(tree(self.namespaces, chosen))
        offer(self.namespace_choice, options, chosen, self._chosen)

    def _chosen(self, _: object) -> None:
        self._soon(self._follow())

    async def _follow(self) -> None:
        """Read what was chosen. The tree stays enabled meanwhile, so that it keeps the focus."""
        await self._idle()
        await self.refresh()

    def _enable(self, yes: bool) -> None:
        super()._enable(yes)
        self._form.enable(yes)
        self.buttons["Previous"].disabled = not yes or not self._page
        self.buttons["Next"].disabled = not yes or not self._found.more
        self._pager.layout.display = None if self._page or self._found.more else "none"

    async def _save_text(self) -> None:
        item = self._form.item
        if item is None:
            return
        try:
            value = parse_value(self.editor.value)
        except CourseError as error:
            self._say(error.what, error.fix)
            return
        await self._save(item.namespace, item.key, value, item)

    async def _reload(self) -> None:
        self._form.forget(self.item_choice.value)
        await self.refresh()

    async def _ask(self) -> None:
        self._form.ask(not self._form.asking)
        if self._form.asking and self._form.item:
            button = self.buttons["Confirm"].description
            self._say(f"Press “{button}” to delete {self._form.item.key!r} for good.")

    async def _delete_chosen(self) -> None:
        if self._form.item:
            await self._delete(self._form.item.key, self._form.item)

    async def _turn(self, pages: int) -> None:
        self._step = pages
        await self.refresh()
