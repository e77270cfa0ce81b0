"""The course's packages as files: `make bundle` fetches them, `.ci/venv.sh` installs them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packaging.requirements import Requirement

from course_helpers.core.errors import BuildError
from course_helpers.core.progress import show_count
from course_helpers.core.settings import ROOT

WHEELS = ROOT / "wheels"  # in a bundle, and nowhere else
_SHOWN_PACKAGES = 40  # between two lines of progress


def fetch_wheels(folder: Path) -> None:
    """Fetch the packages of `requirements.txt`, and the tools to install them, into a folder.

    They are for this system and any patch release of this Python. A package without a wheel is
    built.

    Raises:
        BuildError: a package could not be fetched or built.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*map(Requirement, [*project["build-system"]["requires"], "pip", "uv"]), *_pinned()]
    source = ["--no-index", "--find-links", str(WHEELS)] if WHEELS.is_dir() else ["--retries=1"]
    options = ["--no-deps", "--ignore-requires-python", "--progress-bar=off", *source]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder)]
    while wanted:
        batch = {package.name: package for package in wanted}  # pip takes no two versions at once
        if said := _run_pip([*command, *(f"{p.name}{p.specifier}" for p in batch.values())]):
            raise BuildError(
                f"The packages could not be fetched: {said}.", "correct that, then run it again"
            )
        wanted = [package for package in wanted if package is not batch[package.name]]


def _pinned() -> list[Requirement]:
    """Return the packages of `requirements.txt` that any patch release of this Python needs.

    Some depend on it: a bundle made with Python 3.11.7 must also be complete for 3.11.2.
    """
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    packages = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    releases = [{"python_full_version": f"{minor}.{number}"} for number in range(50)]
    return [p for p in packages if not p.marker or any(map(p.marker.evaluate, releases))]


def _run_pip(command: list[str]) -> str:
    """Run pip and print its progress; return why it failed, or an empty text."""
    log, count = [], 0
    with (
        tempfile.TemporaryDirectory() as temporary,  # pip leaves things in it when interrupted
        _pip(command, temporary) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            log.append(line.strip())
            if log[-1].startswith(("Collecting ", "Processing ")):
                count += 1
                show_count(count, _SHOWN_PACKAGES, "packages")
    if pip.returncode == 0:
        return ""
    if any("connection broken" in line for line in log):
        return "there is no network connection, or the package index does not answer"
    errors = [line.removeprefix("ERROR: ") for line in log if line.startswith("ERROR: ")]
    return errors[-1] if errors else "pip does not say why"


@contextmanager
def _pip(command: list[str], temporary: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a running pip; wait for its end, or end it if the block raises."""
    with subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": temporary},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            yield process
        except BaseException:
            process.terminate()
            raise
