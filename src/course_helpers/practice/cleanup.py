"""Find and remove what a lesson has made in Docker, by hand or with Compose, by its name.

python -m course_helpers.practice.cleanup NAME [IMAGE ...]    remove it, and images by id
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from docker import APIClient
from docker.errors import APIError
from requests import RequestException

from course_helpers.core import docker
from course_helpers.core.errors import DockerError

TIMEOUT = 60.0  # seconds


def left(name: str) -> list[str]:
    """Return the names of all containers, networks, volumes and images that are there.

    Args:
        name: the network's and the images' name, and, with a hyphen, the prefix of the containers'
            names; or the name of a Compose project.
    """
    with docker.client(TIMEOUT) as engine:
        looks = (_containers, _networks, _volumes, _images)
        return [found for look in looks for found in look(engine.api, name)]


def remove(name: str, replaced: Iterable[str] = ()) -> None:
    """Remove everything that `left` finds, with its data; what cannot be removed is skipped.

    Args:
        name: as for `left`.
        replaced: ids of images that are removed too if they no longer have a name.
    """
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        remove_containers(_containers(engine.api, name))
        _each(_networks(engine.api, name), engine.api.remove_network)
        remove_volumes(_volumes(engine.api, name))
        remove_images(_images(engine.api, name))
        _each(replaced, partial(_remove_if_nameless, engine.api))


def remove_containers(names: Iterable[str]) -> None:
    """Remove containers, with their data; missing ones are skipped."""
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        _each(names, partial(engine.api.remove_container, v=True, force=True))


def remove_volumes(names: Iterable[str]) -> None:
    """Remove volumes; missing ones are skipped."""
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        _each(names, partial(engine.api.remove_volume, force=True))


def remove_images(names: Iterable[str]) -> None:
    """Remove images by their names; missing ones are skipped."""
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        _each(names, partial(engine.api.remove_image, force=True))


def _each(names: Iterable[str], remove_one: Callable[[str], object]) -> None:
    for name in names:
        with suppress(APIError, RequestException):  # one that takes too long hinders no other
            remove_one(name)


def _remove_if_nameless(api: APIClient, image: str) -> None:
    if not api.inspect_image(image)["RepoTags"]:
        api.remove_image(image)


def remove_soon(name: str, replaced: Iterable[str] = ()) -> None:
    """Remove it all in a process of its own: a kernel that ends has no time to wait.

    Args:
        name: as for `left`.
        replaced: as for `remove`.
    """
    subprocess.Popen(
        [sys.executable, "-m", __spec__.name, name, *replaced],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _containers(api: APIClient, name: str) -> list[str]:
    names = [
        each.removeprefix("/") for one in api.containers(all=True) for each in one["Names"] or []
    ]
    return [each for each in names if each.startswith(f"{name}-")]


def _networks(api: APIClient, name: str) -> list[str]:
    by_hand = [each["Name"] for each in api.networks() if each["Name"] == name]
    return [*by_hand, *(each["Name"] for each in api.networks(filters=_of_project(name)))]


def _volumes(api: APIClient, name: str) -> list[str]:
    return [each["Name"] for each in api.volumes(filters=_of_project(name))["Volumes"] or []]


def _images(api: APIClient, name: str) -> list[str]:
    tags = [tag for image in api.images(name) for tag in image["RepoTags"] or []]
    return [tag for tag in tags if tag.rpartition(":")[0] == name]


def _of_project(name: str) -> dict[str, str]:
    return {"label": f"com.docker.compose.project={name}"}


if __name__ == "__main__":
    remove(sys.argv[1], sys.argv[2:])
