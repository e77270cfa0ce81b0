"""Stand-ins for official images, built from Debian's packages where no registry answers.

`deployment/images/Dockerfile` builds them on a bare Debian, which `debootstrap` makes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course_helpers.core.errors import BuildError
from course_helpers.core.settings import DEPLOYMENT
from course_helpers.images.build import SOURCES, image_sources, run_shown, sources_hash

ROOT_IMAGE = "task-maistro-debian:trixie"
STAND_INS = {
    "PYTHON_IMAGE": "task-maistro-python:3.13",
    "REDIS_IMAGE": "task-maistro-redis:8",
    "POSTGRES_IMAGE": "task-maistro-postgres:17",
}
_ELSEWHERE = (
    "connect to the internet once and run: make images (or copy the course from a computer that "
    "has its images: make bundle)"
)


def build_stand_in(image: str) -> None:
    """Build one stand-in, unless an up-to-date one is here.

    Args:
        image: one of `STAND_INS`' values.

    Raises:
        BuildError: it cannot be built on this computer, or the build failed.
    """
    folder = DEPLOYMENT / "images"
    sources = sources_hash(folder)
    if image_sources(image) == sources:
        print(f"{image}: up to date")
        return
    if image_sources(ROOT_IMAGE) is None:
        _make_root_image()
    target = image.removeprefix("task-maistro-").partition(":")[0]
    options = ["--target", target, "--tag", image, "--label", f"{SOURCES}={sources}"]
    run_shown(["docker", "build", *options, str(folder)], image)


def _make_root_image() -> None:
    """Make a bare Debian trixie and import it as an image."""
    _require_debootstrap()
    with tempfile.TemporaryDirectory() as temporary:
        root, archive = Path(temporary) / "root", Path(temporary) / "root.tar"
        debootstrap = ["debootstrap", "--variant=minbase", "trixie", str(root)]
        run_shown(debootstrap, "a bare Debian")
        leave_out = [f"--exclude=./{p}/*" for p in ("proc", "sys", "dev", "var/lib/apt/lists")]
        subprocess.run(["tar", "-C", root, *leave_out, "-cf", archive, "."], check=True)
        run_shown(["docker", "import", str(archive), ROOT_IMAGE], ROOT_IMAGE)


def _require_debootstrap() -> None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise BuildError(
            "No registry answers, and only root on Debian or Ubuntu can build the stand-ins.",
            _ELSEWHERE,
        )
    if shutil.which("debootstrap"):
        return
    if not shutil.which("apt-get"):
        raise BuildError("No registry answers, and there is no debootstrap.", _ELSEWHERE)
    install = ["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"]
    for step in (install, ["apt-get", "update"], install):
        done = subprocess.run(step, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if step is install and done.returncode == 0:
            return
    raise BuildError("debootstrap could not be installed.", f"run: {' '.join(install)}")
