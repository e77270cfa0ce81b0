"""Self-checks of lesson 03, Build the image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from course_helpers.checks.result import Result
from course_helpers.core.errors import BuildError, CourseError
from course_helpers.images import names
from course_helpers.images.layers import read_image
from course_helpers.images.names import PYTHON
from course_helpers.images.secret_search import search_layers
from course_helpers.practice.containers import PracticeContainers

ENGINE = f"{names.ENGINE}:{PYTHON}"
OLD, NEW = "v1.0.0", "v1.1.0"


def released(image: str) -> Result:
    """A release v1.1.0 that differs from v1.0.0 in its code, and in nothing below that.

    Args:
        image: the image's name, without a tag.
    """
    try:
        engine, old, new = map(read_image, (ENGINE, f"{image}:{OLD}", f"{image}:{NEW}"))
    except BuildError as error:
        return Result(False, f"{error.what} Which command makes it, under exactly that name?")
    return compare(engine.digests, old.digests, new.digests)


def compare(engine: Sequence[str], old: Sequence[str], new: Sequence[str]) -> Result:
    """Compare the layers of two releases.

    `langgraph build` adds three to the base: requirements.txt, the packages in it, the folder.

    Args:
        engine: the digests of the base image's layers.
        old: those of the first release.
        new: those of the second.
    """
    base, packages = len(engine), len(engine) + 2
    if old == new:
        return Result(False, f"{NEW} is the same as {OLD}. Did you change a file before the build?")
    if new[:base] != engine:
        return Result(
            False, f"{NEW} is built on another base. Which one does your --base-image name?"
        )
    if new[:packages] != old[:packages]:
        return Result(False, "The packages' layers differ too. Did you change requirements.txt?")
    if new[packages] == old[packages]:
        return Result(False, "The layer with the files is the same. Which file did you change?")
    return Result(True, f"{OLD} is unchanged; {NEW} has other files on the same packages.")


def left_out(image: str, file: Path, secret: str) -> Result:
    """An image without a file that is in the folder it was built from.

    Args:
        image: the image, with its tag.
        file: the file.
        secret: a text that is in it and nowhere else.
    """
    if not file.is_file() or secret not in file.read_text():
        return Result(
            False,
            f"{file.name} is not there any more. Can .dockerignore alone keep it out of the image?",
        )
    try:
        found = search_layers(image, {file.name: secret})
    except BuildError as error:
        return Result(False, f"{error.what} Which command makes it, under exactly that name?")
    if found:
        where = f"The password is in the image, in {found[0].path}."
        return Result(False, f"{where} Which folders does your pattern match?")
    return Result(True, "The file is in your folder, and in no layer of the image.")


def starts(containers: PracticeContainers, image: str, env_file: Path) -> Result:
    """A file of variables with which the agent's container starts.

    Args:
        containers: the lesson's; their databases run.
        image: the image, with its tag.
        env_file: the file.
    """
    try:
        containers.start_agent(image, env_file.name, folder=env_file.parent, service="mended")
    except CourseError as error:
        said = error.what.removeprefix("mended: ")
        ask = f"Which line of {env_file.name} should have told it better?"
        return Result(False, f"The container's last words: {said} {ask}")
    finally:
        containers.stop("mended")
    return Result(True, "The container has found both databases.")
