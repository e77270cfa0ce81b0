"""What an image is made of: its layers with their sizes, and which part of it each belongs to."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_helpers.core import docker
from course_helpers.core.errors import BuildError
from course_helpers.core.markup import clean
from course_helpers.core.settings import load_settings
from course_helpers.images.build import inspect_image
from course_helpers.images.names import ENGINE, PYTHON, base_image

TIMEOUT = 15.0  # seconds for each answer of Docker

_WRAPPING = re.compile(r"^(?:\|\d+ .*?)?(?:/bin/sh -c )?(?:#\(nop\) )?|\s*# buildkit$")
_RUN = re.compile(r"^RUN (?:\|\d+ .*? )?/bin/sh -c ")


@dataclass(frozen=True)
class Layer:
    """One step of an image's history.

    Attributes:
        command: what made it, as it stands in a Dockerfile, on one line.
        size: bytes that it adds; 0 for a step that only sets something.
        source: which part of the image it belongs to: `base`, `engine` or `agent`.
    """

    command: str
    size: int
    source: str


@dataclass(frozen=True)
class ImageView:
    """An image as it is on this computer.

    Attributes:
        name: as it was asked for.
        id: the first characters of its id.
        size: bytes, all layers together.
        architecture: system and processor, for instance `linux/amd64`.
        layers: the oldest first.
        digests: the SHA-256 of each layer's content, in the same order, without the steps that
            only set something. Two images share the layers whose digests are equal.
    """

    name: str
    id: str
    size: int
    architecture: str
    layers: tuple[Layer, ...]
    digests: tuple[str, ...] = ()

    @property
    def filled(self) -> list[Layer]:
        """The layers that hold files."""
        return [layer for layer in self.layers if layer.size]

    def size_of(self, source: str) -> int:
        """Return the bytes of the layers of one part: `base`, `engine` or `agent`."""
        return sum(layer.size for layer in self.layers if layer.source == source)

    def __repr__(self) -> str:
        lines = [f"{self.name}: {megabytes(self.size)} in {len(self.filled)} layers"]
        for layer in self.filled:
            lines.append(f"{megabytes(layer.size):>9}  {layer.source:6}  {layer.command[:70]}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return clean(layers_html(self))


def read_image(name: str | None = None) -> ImageView:
    """Return what an image is made of.

    The history of an image begins with that of the image it was built on, which tells the parts
    apart (`docker history`; https://docs.docker.com/reference/cli/docker/image/history/).

    Args:
        name: by default the agent's image.

    Raises:
        BuildError: there is no such image here.
        SettingsError: `deployment/.env` cannot be read.
    """
    settings = load_settings()
    name = name or settings.value("API_IMAGE", "task-maistro")
    facts = inspect_image(name)
    if facts is None:
        raise BuildError(f"There is no image {name} here.", "make images")
    licensed = settings.value("BASE_IMAGE")
    engine = f"{licensed or ENGINE}:{PYTHON}"
    base = "" if licensed else base_image(settings, "PYTHON_IMAGE")
    history = _history(name)
    ends = {"base": _shared(history, base), "engine": _shared(history, engine)}
    return ImageView(
        name=name,
        id=facts["Id"].removeprefix("sha256:")[:12],
        size=facts["Size"],
        architecture=f"{facts['Os']}/{facts['Architecture']}",
        layers=tuple(_layer(step, number, ends) for number, step in enumerate(history)),
        digests=tuple(facts["RootFS"]["Layers"]),
    )


def _history(image: str) -> list[dict[str, Any]]:
    """Return an image's steps, the oldest first; none if there is no such image."""
    with docker.client(TIMEOUT) as engine:
        try:
            return list(reversed(engine.api.history(image)))
        except docker.not_found():
            return []


def _shared(history: list[dict[str, Any]], image: str) -> int:
    """Return how many steps an image has in common with another, from the first on."""
    other = _history(image) if image else []
    pairs = zip(history, other, strict=False)
    same = [(a["CreatedBy"], a["Created"]) == (b["CreatedBy"], b["Created"]) for a, b in pairs]
    return same.index(False) if False in same else len(same)


def _layer(step: Mapping[str, Any], number: int, ends: Mapping[str, int]) -> Layer:
    source = next((name for name, end in ends.items() if number < end), "agent")
    return Layer(_as_written(step["CreatedBy"]), step["Size"], source)


def _as_written(command: str) -> str:
    """Return a step as it stands in a Dockerfile; the first layer of all has no command."""
    text = _WRAPPING.sub("", _RUN.sub("RUN ", clean(command)))
    return " ".join(text.split()) or "(the operating system)"


def megabytes(size: int) -> str:
    """Return a size for people, in units of a thousand as Docker counts."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def layers_html(image: ImageView) -> str:
    """Return the layers as a picture: for each a bar as long as its size, and its command."""
    most = max((layer.size for layer in image.filled), default=1)
    rows = "".join(
        f'<li><span class="course-bar {layer.source}" style="width:{_percent(layer, most)}%">'
        f"</span><span>{megabytes(layer.size)}, {layer.source}: "
        f"<code>{html.escape(_short(layer.command))}</code></span></li>"
        for layer in image.filled
    )
    settings = len(image.layers) - len(image.filled)
    return (
        f"<p><strong>{html.escape(image.name)}</strong>, {megabytes(image.size)}, "
        f"{image.architecture}: {len(image.filled)} layers with files, the oldest first, "
        f"and {settings} that only set something.</p>"
        f'<ol class="course-layers" role="list">{rows}</ol>'
    )


def _percent(layer: Layer, most: int) -> float:
    return max(0.5, round(100 * layer.size / most, 1))


def _short(command: str, length: int = 110) -> str:
    return command if len(command) <= length else f"{command[: length - 1]}…"
