"""What a lesson has made in Docker, by hand or by Compose, found and removed by its name.

python -m course_helpers.practice.cleanup NAME [IMAGE ...]    remove it, and images by their ids
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from docker import APIClient
from docker.errors import APIError

from course_helpers.core import docker
from course_helpers.core.errors import DockerError

TIMEOUT = 60.0  # seconds


def left(name: str) -> list[str]:
    """Return the names of all that there is: containers, networks, volumes, images.

    Args:
        name: the network's and the images' name, and, with a hyphen, the containers' first part;
            or the project's, of what Compose has made.
    """
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        looks = (_containers, _networks, _volumes, _images)
        return [found for look in looks for found in look(engine.api, name)]
    return []


def remove(name: str, replaced: Iterable[str] = ()) -> None:
    """Remove all of it, with the containers' data; what cannot be removed is passed over.

    Args:
        name: as above.
        replaced: ids of images that may have lost their names; those that have go too.
    """
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        remove_containers(_containers(engine.api, name))
        _each(_networks(engine.api, name), engine.api.remove_network)
        remove_volumes(_volumes(engine.api, name))
        remove_images(_images(engine.api, name))
        _each(replaced, partial(_remove_if_nameless, engine.api))


def remove_containers(names: Iterable[str]) -> None:
    """Remove containers, with their data; what is gone already is passed over."""
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        _each(names, partial(engine.api.remove_container, v=True, force=True))


def remove_volumes(names: Iterable[str]) -> None:
    """Remove volumes; what is gone already is passed over."""
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        _each(names, partial(engine.api.remove_volume, force=True))


def remove_images(names: Iterable[str]) -> None:
    """Remove images by their names; what is gone already is passed over."""
    with suppress(DockerError), docker.client(TIMEOUT) as engine:
        _each(names, partial(engine.api.remove_image, force=True))


def _each(names: Iterable[str], remove_one: Callable[[str], object]) -> None:
    for name in names:
        with suppress(APIError):
            remove_one(name)


def _remove_if_nameless(api: APIClient, image: str) -> None:
    if not api.inspect_image(image)["RepoTags"]:
        api.remove_image(image)


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


def _containers(api: APIClient, name: str) -> list[str]:
    names = [each.removeprefix("/") for one in api.containers(all=True) for each in one["Names"]]
    return [each for each in names if each.startswith(f"{name}-")]


def _networks(api: APIClient, name: str) -> list[str]:
    by_hand = [each["Name"] for each in api.networks() if each["Name"] == name]
    return [*by_hand, *(each["Name"] for each in api.networks(filters=_of_project(name)))]


def _volumes(api: APIClient, name: str) -> list[str]:
    return [each["Name"] for each in api.volumes(filters=_of_project(name))["Volumes"] or []]


def _images(api: APIClient, name: str) -> list[str]:
    return [tag for image in api.images(name) for tag in image["RepoTags"] or []]


def _of_project(name: str) -> dict[str, str]:
    return {"label": f"com.docker.compose.project={name}"}


if __name__ == "__main__":
    remove(sys.argv[1], sys.argv[2:])
