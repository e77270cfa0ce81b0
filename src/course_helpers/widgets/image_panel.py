"""The agent's image: built with its steps shown as they come, then drawn layer by layer."""

from __future__ import annotations

import asyncio
import html
import re

from ipywidgets import HTML  # type: ignore[import-untyped]

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean
from course_helpers.images.layers import ImageView, layers_html, megabytes, read_image
from course_helpers.widgets import theme
from course_helpers.widgets.command_panel import Action, CommandPanel

BUILD = Action(
    name="Build",
    hint="Fetch or build the images of the stack; what is up to date is left alone",
    module=("course_helpers.images.make",),
    typed="make images",
    doing="Building",
)
_STEP = re.compile(r"^ +(?P<done>\d+)/(?P<all>\d+) (?P<what>.+)$")


class ImagePanel(CommandPanel):
    """The image of the agent, with a button that builds it.

    Make it in a notebook cell with `await ImagePanel.load()`.

    Attributes:
        steps: the lines that the last build has printed so far.
        image: what the image is made of; None if there is none.
    """

    def __init__(self) -> None:
        super().__init__("Image", [BUILD])
        self.steps: list[str] = []
        self.image: ImageView | None = None
        self._progress, self._body = HTML(), HTML()
        self.children = [self._heading, self._controls, self._status, self._progress, self._body]

    @classmethod
    async def load(cls) -> ImagePanel:
        """Return a panel that shows the image as it is now."""
        panel = cls()
        try:
            panel._say(await panel._ended())
        except CourseError as error:
            panel._say(error.what, error.fix)
        return panel

    def summary(self) -> str:
        """Return how many layers the image has."""
        return f"{len(self.image.filled)} layers with files" if self.image else "no image yet"

    def body_html(self) -> str:
        """Return the layers as a picture."""
        return layers_html(self.image) if self.image else "<p>There is no image yet.</p>"

    async def _ended(self) -> str:
        try:
            self.image = await asyncio.to_thread(read_image)
        finally:
            self._body.value = clean(self.body_html())
        size, layers = megabytes(self.image.size), len(self.image.filled)
        return f"{self.image.name} is here: {size}, {layers} layers with files."

    async def run(self, name: str) -> None:
        """Build and wait for the end; the outcome is in `message`."""
        if not self.busy:
            self.steps.clear()
        await super().run(name)

    def _heard(self, line: str) -> None:
        if line.strip():
            self.steps.append(line)
        self._progress.value = clean(steps_html(self.steps))


def steps_html(steps: list[str]) -> str:
    """Return the lines that a build has printed, after a bar for the progress of its image."""
    if not steps:
        return ""
    latest = _STEP.match(steps[-1])
    bar = ""
    if latest:
        bar = (
            f'<progress class="course-progress" max="{latest["all"]}" value="{latest["done"]}" '
            f'aria-label="steps of this image">{latest["done"]} of {latest["all"]}</progress>'
        )
    lines = "\n".join(html.escape(step) for step in steps[-200:])
    return bar + theme.scroll("Build steps", f"<pre>{lines}</pre>", "course-log")
