"""Compose and buildx for a `docker` command without them, out of the system's own packages.

Debian has both from trixie on, and trixie's work on older systems too. So there, apt is given a
trixie source derived from the machine's own. Nothing is installed: the two programs are taken
out of their packages, into a folder that `DOCKER_CONFIG` names.
"""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from course_helpers.core.errors import CourseError
from course_helpers.core.processes import Answer, run

APT = Path("/etc/apt")
FIRST_WITH_PLUGINS = 13  # Debian trixie
TIMEOUT = 300.0  # seconds for each step with apt


def os_release() -> Mapping[str, str]:
    """Return what `/etc/os-release` says; nothing where there is none."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def family(system: Mapping[str, str]) -> str:
    """Return `ubuntu`, `debian` or nothing: whose packages a system has, after os-release(5)."""
    names = [system.get("ID", ""), *system.get("ID_LIKE", "").split()]
    return next((name for name in ("ubuntu", "debian") if name in names), "")


def packages(system: Mapping[str, str]) -> tuple[str, str]:
    """Return the names of the packages that hold the two plugins."""
    compose = "docker-compose-v2" if family(system) == "ubuntu" else "docker-compose"
    return compose, "docker-buildx"


def older_codename(system: Mapping[str, str]) -> str:
    """Return the codename of a Debian that is older than the plugins' packages, else nothing."""
    version = system.get("VERSION_ID", "")  # testing and unstable have none
    if family(system) != "debian" or not version.isdecimal() or int(version) >= FIRST_WITH_PLUGINS:
        return ""
    return system.get("VERSION_CODENAME", "")


def trixie_source(text: str, codename: str) -> str:
    """Derive a source for trixie from an apt source file, one-line or deb822 (sources.list(5)).

    Args:
        text: what the file holds.
        codename: the machine's own suite. Only its entries count, not its updates or backports.
    """
    line = re.compile(rf"^(deb[ \t]+(?:\[.*?\][ \t]+)?\S+[ \t]+){codename}(?=[ \t])", re.MULTILINE)
    suites = re.compile(rf"^Suites:(?:.*[ \t])?{codename}(?:[ \t].*)?$", re.MULTILINE)
    lines = [line.sub(r"\1trixie", each) for each in text.splitlines() if line.search(each)]
    stanzas = [each for each in re.split(r"\n\s*\n", text) if suites.search(each)]
    return "\n".join(lines) + "\n\n".join(suites.sub("Suites: trixie", each) for each in stanzas)


def fetch(folder: Path) -> None:
    """Put the two plugins of this system's (or trixie's) packages into a folder.

    Raises:
        CourseError: apt did not give them.
    """
    wanted = packages(os_release())
    with tempfile.TemporaryDirectory() as name:
        said = _unpack(wanted, Path(name))
        found = sorted(Path(name).glob("usr/**/cli-plugins/docker-*"))
        if len(found) < len(wanted):
            reason = (said.err or said.out or "the packages hold none").splitlines()[-1]
            raise CourseError(
                f"docker lacks its plugins, and {' and '.join(wanted)} could not be had: {reason}",
                "see what this says: sudo apt-get update",
            )
        folder.mkdir(parents=True, exist_ok=True)
        for plugin in found:
            shutil.copy(plugin, folder)


def _unpack(wanted: tuple[str, ...], folder: Path) -> Answer:
    """Unpack packages into a folder; return what apt said."""
    apt = ["apt-get", "-qq", *_options(folder)]
    run([*apt, "update"], TIMEOUT)  # may fail in part: another source has no trixie
    said = run([*apt, "download", *wanted], TIMEOUT, folder)
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(folder)], TIMEOUT)
    return said


def _options(folder: Path) -> list[str]:
    """Return the options that keep apt off its own folders, and give an older system trixie."""
    (folder / "lists").mkdir()
    options = ["APT::Sandbox::User=", f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}"]
    if codename := older_codename(os_release()):
        (folder / "sources").mkdir()
        for file in [*APT.glob("sources.list"), *APT.glob("sources.list.d/*.*")]:
            source = trixie_source(file.read_text(encoding="utf-8"), codename)
            (folder / "sources" / file.name).write_text(source, encoding="utf-8")
        options += ["Dir::Etc::sourcelist=/dev/null", f"Dir::Etc::sourceparts={folder}/sources"]
    return [word for option in options for word in ("-o", option)]
