"""What the course fetches from a network, as files: its packages and its images.

`make bundle` writes them; on a computer without a network `.ci/venv.sh` installs the packages,
and `make images` and `make up` load the images.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

from course_helpers.core.errors import BuildError
from course_helpers.core.processes import CHUNK, child_process, last_line
from course_helpers.core.progress import show_count
from course_helpers.core.settings import ROOT

WHEELS = ROOT / "wheels"  # in a bundle, and nowhere else
# Measured with the stack's images, 1.13 GB: level 1 makes 446 MB of them in 18 s, level 6 makes
# 412 MB in 67 s. Docker 20.10 cannot read zstd, which would be better than both.
COMPRESSION = 1
_AGAIN = "correct that, then run it again"
_SHOWN_PACKAGES, _SHOWN_MEGABYTES = 40, 200  # progress is shown each time so many more are done


def fetch_wheels(folder: Path) -> None:
    """Fetch the packages of `requirements.txt`, and what installs them, into a folder.

    They are for this system and any release of this Python. A package without a wheel is built.

    Raises:
        BuildError: one could not be had.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*map(Requirement, [*project["build-system"]["requires"], "pip", "uv"]), *_pinned()]
    source = ["--no-index", "--find-links", str(WHEELS)] if WHEELS.is_dir() else ["--retries=1"]
    options = ["--no-deps", "--ignore-requires-python", "--progress-bar=off", *source]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder)]
    while wanted:
        batch = {package.name: package for package in wanted}  # pip takes no two versions at once
        if said := _run_pip([*command, *(f"{p.name}{p.specifier}" for p in batch.values())]):
            raise BuildError(f"The packages could not be fetched: {said}.", _AGAIN)
        wanted = [package for package in wanted if package is not batch[package.name]]


def _pinned() -> list[Requirement]:
    """Return the packages of `requirements.txt` that are for this system, whatever its release.

    Some depend on the release: made with Python 3.11.7, a bundle must also do for 3.11.2.
    """
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    packages = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    releases = [{"python_full_version": f"{minor}.{number}"} for number in range(50)]
    return [p for p in packages if not p.marker or any(map(p.marker.evaluate, releases))]


def _run_pip(command: list[str]) -> str:
    """Run pip with progress; return why it failed, or nothing."""
    log, count = [], 0
    with (
        tempfile.TemporaryDirectory() as temporary,  # pip leaves things in it when interrupted
        child_process(command, subprocess.PIPE, subprocess.STDOUT, TMPDIR=temporary) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            log.append(line.decode(errors="replace").strip())
            if log[-1].startswith(("Collecting ", "Processing ")):
                count += 1
                show_count(count, _SHOWN_PACKAGES, "packages")
    if pip.returncode == 0:
        return ""
    if any("connection broken" in line for line in log):
        return "there is no network connection, or the package index does not answer"
    errors = [line.removeprefix("ERROR: ") for line in log if line.startswith("ERROR: ")]
    return errors[-1] if errors else "pip does not say why"


def save_images(images: Sequence[str], archive: Path) -> None:
    """Save images of this computer into one file; layers that they share are in it once.

    Raises:
        BuildError: Docker does not give them.
    """
    command = ["docker", "save", *images]
    with (
        gzip.open(archive, "wb", compresslevel=COMPRESSION) as file,
        child_process(command, subprocess.PIPE, subprocess.PIPE) as docker,
    ):
        assert docker.stdout is not None
        megabytes = 0
        while chunk := docker.stdout.read(CHUNK):
            file.write(chunk)
            megabytes += 1
            show_count(megabytes, _SHOWN_MEGABYTES, "MB")
        said = last_line(docker.stderr)
    if docker.returncode != 0:
        raise BuildError(f"The images could not be saved: {said}.", _AGAIN)


def load_images(archive: Path) -> None:
    """Load the images that `save_images` has saved.

    Raises:
        BuildError: the file is not there, or damaged, or Docker has no room for it.
    """
    command = ["docker", "load", "--input", str(archive)]
    with child_process(command, subprocess.PIPE, subprocess.PIPE) as docker:
        assert docker.stdout is not None
        for line in docker.stdout:
            print(f"  {line.decode(errors='replace').strip()}", flush=True)
        said = last_line(docker.stderr)
    if docker.returncode != 0:
        raise BuildError(
            f"{archive} could not be loaded: {said}.",
            "correct that, or copy the course's folder here once more",
        )
