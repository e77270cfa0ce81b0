"""Checks of this machine: Python, packages, kernel, panels, disk, memory, processor, WSL.

Each check returns what it found, or raises a `CourseError` with the fix. Its inputs are parameters
whose defaults are the real values, so that tests can pass good and bad ones.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from course_helpers.core.errors import CourseError
from course_helpers.core.settings import ROOT

GIB = 2**30
OLDEST, TOO_NEW = (3, 11), (3, 15)  # orjson has no wheel for 3.15
PROC_VERSION = Path("/proc/version")

_program = Path(sys.executable)
PYTHON = _program.relative_to(ROOT) if _program.is_relative_to(ROOT) else _program
INSTALL = f"{PYTHON} -m pip install -r requirements.txt"


def system(version_file: Path = PROC_VERSION) -> str:
    """Return the operating system's usual name."""
    if "microsoft" in _kernel_version(version_file):
        return "Windows (WSL)"
    return {"Darwin": "macOS"}.get(platform.system(), platform.system())


def python_version(version: tuple[int, ...] = sys.version_info[:3]) -> str:
    """Check that this Python can run the course."""
    text = ".".join(map(str, version))
    if OLDEST <= version[:2] < TOO_NEW:
        return text
    fix = "install Python 3.13, then: make clean, make lab PYTHON=python3.13"
    raise CourseError(f"{text}; the course needs 3.11 to 3.14", fix)


def packages(lock: Path = ROOT / "requirements.txt") -> str:
    """Compare the installed packages with the lock file, each by name and version."""
    locked = list(_locked(lock))
    wrong = [text for requirement in locked if (text := _difference(requirement))]
    if not wrong:
        return f"all {len(locked)} are as locked"
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    raise CourseError(f"not as locked: {', '.join(wrong[:3])}{more}", INSTALL)


def _locked(lock: Path) -> Iterator[Requirement]:
    """Yield the requirements of the lock file that apply to this machine."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line and not line.startswith("-"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement


def _difference(requirement: Requirement) -> str:
    """Return what is wrong with an installed package, or nothing."""
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(installed, prereleases=True):
        return ""
    return f"{requirement.name} {installed} (locked {requirement.specifier})"


def kernel(executable: str = sys.executable) -> str:
    """Check that notebooks run in this Python: the kernel that Jupyter finds starts it."""
    # Not at the top: the import takes 0.2 s, and if it fails, this check reports that.
    from jupyter_client.kernelspec import get_kernel_spec

    program = Path(get_kernel_spec("python3").argv[0])
    # A bare "python" means the Python that runs Jupyter, which is this one.
    if not program.is_absolute() or program.parent == Path(executable).parent:
        return "notebooks run in this Python"
    fix = f"{PYTHON} -m ipykernel install --sys-prefix"
    raise CourseError(f"notebooks would run in {program}", fix)


def lab_extension(folders: list[str] | None = None) -> str:
    """Check that JupyterLab can show panels: that the extension of ipywidgets is installed."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("labextensions") if folders is None else folders:
        if (Path(folder) / "@jupyter-widgets" / "jupyterlab-manager" / "package.json").exists():
            return "JupyterLab has the extension that shows them"
    raise CourseError(
        "JupyterLab's extension for widgets is missing, so they stay empty",
        f"{PYTHON} -m pip install --force-reinstall jupyterlab-widgets",
    )


def disk(folder: Path = ROOT, needed: float = 5.0) -> str:
    """Check that there is disk space (in GiB) for the images of part 2."""
    free = shutil.disk_usage(folder).free / GIB
    if free >= needed:
        return f"{free:.1f} GiB free"
    fix = "delete what you can spare; this removes what Docker no longer uses: docker system prune"
    raise CourseError(f"{free:.1f} GiB free, {needed:g} are needed", fix)


def memory(needed: float = 3.5) -> str:
    """Check that the machine has enough memory (in GiB) for the stack of part 2."""
    total = psutil.virtual_memory().total / GIB
    if total >= needed:
        return f"{total:.1f} GiB"
    fix = "use a machine with 4 GiB (WSL: edit .wslconfig: memory=4GB, then: wsl --shutdown)"
    raise CourseError(f"{total:.1f} GiB, {needed:g} are needed", fix)


def architecture(machine: str = platform.machine(), bits: int = sys.maxsize) -> str:
    """Check that there are images and packages for this processor and this Python."""
    if bits < 2**32:
        fix = "install a 64-bit Python, then: make clean, make lab"
        raise CourseError(f"{machine}, but Python has 32 bits", fix)
    if machine.lower() not in ("x86_64", "amd64", "arm64", "aarch64"):
        fix = "use an x86-64 or arm64 machine; `uname -m` names this one's"
        raise CourseError(f"{machine}, for which there are no images", fix)
    return machine


def wsl(version_file: Path = PROC_VERSION, folder: Path = ROOT) -> str:
    """Check that a Linux on Windows is WSL 2 and that the course is on its own disk."""
    version = _kernel_version(version_file)
    if "microsoft" not in version:
        return "not in use"
    if "microsoft-standard" not in version and "wsl2" not in version:
        fix = "in PowerShell: wsl --set-version <distribution> 2"
        raise CourseError("version 1, which cannot run Docker", fix)
    if folder.as_posix().startswith("/mnt/"):
        fix = f"move the course: mv {folder} ~"
        raise CourseError(f"version 2, but {folder} is on the Windows disk, which is slow", fix)
    return "version 2"


def _kernel_version(version_file: Path) -> str:
    return version_file.read_text(errors="replace").lower() if version_file.exists() else ""
