"""The stack's images as one file: `make bundle` saves them, `make images` loads them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from course_helpers.core import docker
from course_helpers.core.errors import BuildError, DockerError
from course_helpers.core.processes import CHUNK
from course_helpers.core.progress import show_count

# Measured with the stack's images, 1.13 GB: level 1 makes 446 MB of them in 18 s, level 6 makes
# 412 MB in 67 s. Docker 20.10 cannot read zstd, which would be better than both.
COMPRESSION = 1
TIMEOUT = 600.0  # seconds that Docker may be silent while it packs
_SHOWN_MEGABYTES = 200  # between two lines of progress


def save_images(images: Sequence[str], archive: Path) -> None:
    """Save images of this computer into one file; layers that they share are in it once.

    Raises:
        BuildError: Docker cannot export them.
    """
    try:
        with (
            gzip.open(archive, "wb", compresslevel=COMPRESSION) as file,
            docker.client(TIMEOUT) as engine,
        ):
            names = {"names": list(images)}
            saved = docker.request(engine, "GET", "images/get", stream=True, params=names)
            for megabytes, chunk in enumerate(saved.iter_content(CHUNK), 1):
                file.write(chunk)
                show_count(megabytes, _SHOWN_MEGABYTES, "MB")
    except (DockerError, docker.not_found()) as error:
        said = f"The images could not be saved: {docker.reason(error)}."
        raise BuildError(said, "correct that, then run it again") from None


def load_images(archive: Path) -> None:
    """Load the images that `save_images` has saved.

    Raises:
        BuildError: the file is missing or damaged, or Docker has no room for it.
    """
    try:
        with archive.open("rb") as file, docker.client(TIMEOUT) as engine:
            for step in engine.api.load_image(cast(bytes, file)):  # it takes a file, too
                if "error" in step:
                    raise DockerError(step["error"].strip(), "make doctor")
                print(f"  {step.get('stream', '').strip()}", flush=True)
    except (DockerError, OSError) as error:
        raise BuildError(
            f"{archive} could not be loaded: {docker.reason(error)}.",
            "correct that, or copy the course's folder here once more",
        ) from None
