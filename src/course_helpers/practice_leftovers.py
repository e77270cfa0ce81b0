"""What a lesson has made in Docker by hand, found and removed by its name.

python -m course_helpers.practice_leftovers NAME [IMAGE ...]    remove it, and images by their ids
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from course_helpers.commands import ask

TIMEOUT = 60.0  # seconds


def left(name: str) -> list[str]:
    """Return the names of all that there is: containers, the network, images.

    Args:
        name: the network's and the images' name, and, with a hyphen, the containers' first part.
    """
    return [*_containers(name), *_networks(name), *_images(name)]


def remove(name: str, replaced: Iterable[str] = ()) -> None:
    """Remove all of it, with the containers' data.

    Args:
        name: as above.
        replaced: ids of images that may have lost their names; those that have go too.
    """
    if names := _containers(name):
        ask(["docker", "rm", "--force", "--volumes", *names], TIMEOUT)
    if names := _networks(name):
        ask(["docker", "network", "rm", *names], TIMEOUT)
    if names := _images(name):
        ask(["docker", "image", "rm", "--force", *names], TIMEOUT)
    for image in replaced:
        if _lines("image", "inspect", "--format", "{{len .RepoTags}}", image) == ["0"]:
            ask(["docker", "image", "rm", image], TIMEOUT)


def _containers(name: str) -> list[str]:
    names = _lines("container", "ls", "--all", "--format", "{{.Names}}")
    return [each for each in names if each.startswith(f"{name}-")]


def _networks(name: str) -> list[str]:
    return [each for each in _lines("network", "ls", "--format", "{{.Name}}") if each == name]


def _images(name: str) -> list[str]:
    return _lines("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name)


def _lines(*arguments: str) -> list[str]:
    return ask(["docker", *arguments], TIMEOUT).out.splitlines()


if __name__ == "__main__":
    remove(sys.argv[1], sys.argv[2:])
