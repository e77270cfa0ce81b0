"""What a lesson has made in Docker, by hand or by Compose, found and removed by its name.

python -m course_helpers.practice.cleanup NAME [IMAGE ...]    remove it, and images by their ids
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

from course_helpers.core.processes import run

TIMEOUT = 60.0  # seconds


def left(name: str) -> list[str]:
    """Return the names of all that there is: containers, networks, volumes, images.

    Args:
        name: the network's and the images' name, and, with a hyphen, the containers' first part;
            or the project's, of what Compose has made.
    """
    return [*_containers(name), *_networks(name), *_volumes(name), *_images(name)]


def remove(name: str, replaced: Iterable[str] = ()) -> None:
    """Remove all of it, with the containers' data.

    Args:
        name: as above.
        replaced: ids of images that may have lost their names; those that have go too.
    """
    if names := _containers(name):
        run(["docker", "rm", "--force", "--volumes", *names], TIMEOUT)
    if names := _networks(name):
        run(["docker", "network", "rm", *names], TIMEOUT)
    if names := _volumes(name):
        run(["docker", "volume", "rm", *names], TIMEOUT)
    if names := _images(name):
        run(["docker", "image", "rm", "--force", *names], TIMEOUT)
    for image in replaced:
        if _lines("image", "inspect", "--format", "{{len .RepoTags}}", image) == ["0"]:
            run(["docker", "image", "rm", image], TIMEOUT)


def remove_soon(name: str, replaced: Iterable[str] = ()) -> None:
    """Remove all of it in a process that goes on: a kernel has no time to wait when it ends.

    Args:
        name: as above.
        replaced: as above.
    """
    subprocess.Popen(
        [sys.executable, "-m", __spec__.name, name, *replaced],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _containers(name: str) -> list[str]:
    names = _lines("container", "ls", "--all", "--format", "{{.Names}}")
    return [each for each in names if each.startswith(f"{name}-")]


def _networks(name: str) -> list[str]:
    by_hand = [each for each in _lines("network", "ls", "--format", "{{.Name}}") if each == name]
    return [*by_hand, *_of_project("network", name)]


def _volumes(name: str) -> list[str]:
    return _of_project("volume", name)


def _of_project(kind: str, project: str) -> list[str]:
    label = f"--filter=label=com.docker.compose.project={project}"
    return _lines(kind, "ls", label, "--format", "{{.Name}}")


def _images(name: str) -> list[str]:
    return _lines("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name)


def _lines(*arguments: str) -> list[str]:
    return run(["docker", *arguments], TIMEOUT).out.splitlines()


if __name__ == "__main__":
    remove(sys.argv[1], sys.argv[2:])
