"""An assistant's versions side by side, and a button that makes one of them current."""

from __future__ import annotations

from collections.abc import Sequence

from ipywidgets import Button, Dropdown  # type: ignore[import-untyped]
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import NotFoundError
from course_helpers.core.markup import one_line
from course_helpers.lanes import Deployment
from course_helpers.server.assistant_versions import AssistantVersions
from course_helpers.server.assistants import (
    AssistantSummary,
    list_assistants,
    make_current,
    read_versions,
)
from course_helpers.widgets import theme
from course_helpers.widgets.panel import offer
from course_helpers.widgets.server_panel import ServerPanel

NAME = 40  # characters of an assistant's name in the list


class AssistantPanel(ServerPanel):
    """The server's assistants, and the versions of one of them.

    Make it in a notebook cell with `await AssistantPanel.load(server, assistant_id)`.

    Args:
        deployment: what `connect()` returned.
        assistant_id: the assistant to show; without it the one that was made last.

    Attributes:
        versions: what was read of the assistant, or None.
        assistant_choice: which one is shown; another value is read at once.
        version_choice: the version that the button is about.
        make_button: makes that version current; disabled if it is current already.
    """

    def __init__(self, deployment: Deployment, assistant_id: str | None = None) -> None:
        given = assistant_id or ""
        self.assistant_choice = Dropdown(
            description="Assistant", options=[(given or "the newest", given)], value=given
        )
        super().__init__(
            deployment,
            "Assistants",
            "Read the list of assistants and the versions again",
            [self.assistant_choice],
        )
        self.versions: AssistantVersions | None = None
        self.version_choice = Dropdown(description="Version", disabled=True)
        self.make_button = Button(
            description="Make current",
            tooltip="Let runs use this version; the others are kept",
            disabled=True,
        )
        self.version_choice.observe(lambda _: self._enable(not self.button.disabled), "value")
        self._when_clicked(self.make_button, lambda: self.make_current(self.version_choice.value))
        controls = self.children[1]
        controls.children = [*controls.children, self.version_choice, self.make_button]
        self._say("Press Refresh to read the assistants.")

    @classmethod
    async def load(cls, deployment: Deployment, assistant_id: str | None = None) -> AssistantPanel:
        """Return a panel that has read its data; the arguments are the class's."""
        panel = cls(deployment, assistant_id)
        await panel.refresh()
        return panel

    def summary(self) -> str:
        """Return the assistant's name, how many versions it has and which is current."""
        return repr(self.versions) if self.versions else "no assistant yet"

    def body_html(self) -> str:
        """Return the versions side by side."""
        if not self.versions:
            return "<p>No assistant was read yet.</p>"
        return theme.scroll("Versions", self.versions._repr_html_())

    async def make_current(self, version: int) -> None:
        """Make a version of the shown assistant the one that runs use, and read it again."""
        chosen = self.assistant_choice.value

        async def make(client: LangGraphClient) -> None:
            await make_current(client, chosen, version)

        await self._change(make, f"Runs use version {version} from now on.")

    async def _read(self) -> None:
        async with self._client() as client:
            await self._read_from(client)

    async def _read_from(self, client: LangGraphClient) -> None:
        chosen = self.assistant_choice.value
        assistants = await list_assistants(client)
        chosen = chosen or (assistants[0].assistant_id if assistants else "")
        try:
            versions = await read_versions(client, chosen) if chosen else None
        except NotFoundError as error:
            self._offer(assistants, "")
            raise NotFoundError(error.what, "choose another assistant") from None
        if versions and all(one.assistant_id != chosen for one in assistants):
            assistants.append(AssistantSummary(chosen, versions.name, versions.current))
        self._offer(assistants, chosen)
        self.versions = versions
        self._offer_versions()

    def _offer(self, assistants: Sequence[AssistantSummary], chosen: str) -> None:
        """Fill the list of assistants, without reading again because of it."""
        options = [("Choose an assistant", ""), *((_label(a), a.assistant_id) for a in assistants)]
        offer(self.assistant_choice, options, chosen, self._pressed)

    def _offer_versions(self) -> None:
        versions = self.versions
        numbers = [version.number for version in versions.versions] if versions else []
        with self.version_choice.hold_sync():
            self.version_choice.options = [(f"{number}", number) for number in numbers]
            self.version_choice.value = versions.current if versions else None

    def _enable(self, yes: bool) -> None:
        super()._enable(yes)
        version = self.version_choice.value
        chosen = self.versions and self.assistant_choice.value and version is not None
        self.version_choice.disabled = not (yes and chosen)
        other = self.versions and version != self.versions.current
        self.make_button.disabled = not (yes and chosen and other)


def _label(assistant: AssistantSummary) -> str:
    """Return an assistant's name on one line, its version, and where its id begins."""
    name = one_line(assistant.name, NAME) or "(no name)"
    return f"{name} · version {assistant.version} · {assistant.assistant_id[:8]}"
