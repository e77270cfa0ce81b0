"""Image builds typed in a lesson: prints their steps, new or cached, instead of the long log."""

from __future__ import annotations

import re
import shlex
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from course_helpers.core.errors import BuildError
from course_helpers.core.markup import clean
from course_helpers.core.processes import TOO_SLOW, run
from course_helpers.core.settings import load_settings
from course_helpers.core.terminal import show_command
from course_helpers.images.build import build_cause, inspect_image

BUILD_TIMEOUT = 600.0  # seconds
TIMEOUT = 15.0  # seconds for a question to Docker

_STEP = re.compile(r"^#(?P<id>\d+) \[ *(?P<number>\d+)/(?P<all>\d+)\] (?P<what>.+)$")
_CACHED = re.compile(r"^#(\d+) CACHED$")

_replaced: set[str] = set()  # ids of images that lost their name to a later build


@dataclass(frozen=True)
class Step:
    """A step of a build.

    Attributes:
        number: its position, as Docker counts: 1 is the base image.
        what: the line of the Dockerfile.
        cached: whether its layer came from the build cache.
    """

    number: int
    what: str
    cached: bool

    def __str__(self) -> str:
        return (
            f"{self.number:>4}  {'from the cache' if self.cached else 'new':14}  {self.what[:80]}"
        )


def build_image(command: str, folder: Path | str = ".") -> list[Step]:
    """Run a build as it would be typed in a terminal, and print its steps instead of its log.

    Args:
        command: `langgraph build …` or `docker build …`, with `--tag NAME` or `-t NAME`.
        folder: where to run it. The variables of `deployment/.env` are set.

    Returns:
        The steps after the base image, in order.

    Raises:
        BuildError: it failed, or took longer than ten minutes.
    """
    show_command(command)
    image = _tag(command)
    before = _image_id(image)
    started = time.monotonic()
    log = _run(command, image, Path(folder))
    steps = read_steps(log)
    if before and before != _image_id(image):
        _replaced.add(before)
    print(*steps, sep="\n")
    cached = sum(step.cached for step in steps)
    seconds = time.monotonic() - started
    print(f"{len(steps)} steps, {cached} of them from the cache: {seconds:.1f} s")
    return steps


def take_replaced() -> set[str]:
    """Return the ids of the images that lost their name to a later build, and forget them."""
    taken = set(_replaced)
    _replaced.clear()
    return taken


def _run(command: str, image: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    cli = [sys.executable, "-m", "langgraph_cli"] if program == "langgraph" else [program]
    quiet = {"BUILDKIT_PROGRESS": "plain", "LANGGRAPH_CLI_NO_ANALYTICS": "1", "NO_COLOR": "1"}
    environ = {**load_settings().environment, **quiet}
    answer = run([*cli, *arguments], BUILD_TIMEOUT, folder, environ)
    log = f"{answer.out}\n{answer.err}"
    if answer.code != 0:
        cause = answer.err if answer.code == TOO_SLOW else build_cause(log)
        fix = f"correct that and run this cell again; the whole log, in {folder}: {command}"
        raise BuildError(f"{image} could not be made: {cause}.", fix)
    return log


def read_steps(log: str) -> list[Step]:
    """Return the steps in a build's plain log, sorted, without the base image.

    BuildKit looks up cached steps in parallel, so they are logged in any order.
    """
    lines = [clean(line).strip() for line in log.splitlines()]
    cached = {match[1] for line in lines if (match := _CACHED.match(line))}
    found = {match["id"]: match for line in lines if (match := _STEP.match(line))}
    steps = [
        Step(int(match["number"]), " ".join(match["what"].split()), number in cached)
        for number, match in found.items()
    ]
    return sorted((step for step in steps if step.number > 1), key=lambda step: step.number)


def _tag(command: str) -> str:
    """Return the name that a build gives its image."""
    words = shlex.split(command)
    for option, value in pairwise(words):
        if option in ("-t", "--tag"):
            return value
    raise BuildError("The image would have no name.", "add to the command: --tag NAME")


def _image_id(image: str) -> str:
    return str((inspect_image(image) or {"Id": ""})["Id"])
