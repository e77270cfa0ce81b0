"""The whole course in one folder, to be installed on computers without a network.

python -m course_helpers.workspace.bundle FOLDER

| in the folder    | what it is                                               | who uses it there |
| ---------------- | -------------------------------------------------------- | ----------------- |
| the course       | its files, without anyone's settings, keys, work or data |                   |
| wheels/          | the packages, for this system and version of Python      | make lab          |
| images/          | the stack's images, with their names in images.env       | make up           |
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from course_helpers.core.errors import CourseError, SettingsError
from course_helpers.core.settings import ENV_FILE, ROOT, Settings, load_settings
from course_helpers.images.archives import save_images
from course_helpers.images.make import make_images
from course_helpers.images.names import (
    ARCHIVE,
    BUNDLED,
    ENGINE,
    NAMES,
    OFFICIAL,
    PYTHON,
    base_image,
    stack_images,
)
from course_helpers.workspace.course_files import copy_course
from course_helpers.workspace.wheels import fetch_wheels

SPACE = 1_000_000_000  # bytes; a bundle made on Linux took 512 million
MADE_FOR = Path("wheels", "made-for")  # .ci/venv.sh compares it with the computer it is on
PERSONAL = ("work", "deployment/.env")  # what a learner makes in the course's folder
_EXAMPLE = "make bundle TO=/media/usb/course"


def make_bundle(target: Path) -> None:
    """Make the folder, with everything in it; an earlier bundle there is replaced.

    It is made beside its place, and moved there when it is complete.

    Raises:
        CourseError: the folder cannot be used, or an image or a package is not available.
    """
    check_target(target)
    _require_open_engine()
    make_images()  # one that is out of date would be rebuilt on the other computers
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
        folder = Path(temporary, "new")
        copy_course(ROOT, folder)
        print("The packages ...", flush=True)
        fetch_wheels(folder / "wheels")
        (folder / MADE_FOR).write_text(f"{made_for()}\n", encoding="utf-8", newline="\n")
        print("The images ...", flush=True)
        _save_images(folder / BUNDLED)
        if target.exists():
            target.rename(Path(temporary, "earlier"))
        folder.rename(target)


def check_target(target: Path) -> None:
    """Raise unless a bundle can be made at a place.

    Raises:
        CourseError: it cannot; the message says why.
    """
    if problem := _problem(target):
        raise CourseError(f"{target} {problem}.", f"name a new folder: {_EXAMPLE}")
    if (free := shutil.disk_usage(target.parent).free) < SPACE:
        raise CourseError(
            f"{target.parent} has {free / 1e6:.0f} MB free; a bundle needs {SPACE / 1e6:.0f}.",
            f"make room, or name another place: {_EXAMPLE}",
        )


def _problem(target: Path) -> str:
    """Return why no bundle can be made at a place, as the rest of a sentence; empty if it can."""
    if target.is_relative_to(ROOT):
        return "is inside the course's own folder"
    if os.path.ismount(target):
        return "is a whole disk, not a folder on it"
    if not target.parent.is_dir():
        return f"cannot be made: there is no folder {target.parent}"
    if not target.exists():
        return ""
    if not target.is_dir():
        return "is a file"
    if any(target.iterdir()) and not (target / MADE_FOR).is_file():
        return "holds other things, and is no earlier bundle"
    if used := [name for name in PERSONAL if (target / name).exists()]:
        return f"is a bundle in which somebody has worked: it holds {used[0]}"
    return ""


def _require_open_engine() -> None:
    if licensed := load_settings().value("BASE_IMAGE"):
        raise SettingsError(
            f"BASE_IMAGE={licensed} names a licensed server, which needs a network to start.",
            f"empty that line in {ENV_FILE}, then again",
        )


def made_for() -> str:
    """Return the system and the version of Python that the packages are for."""
    system = platform.system().replace("Darwin", "macOS")
    return f"{system} {platform.machine()}, Python {sys.version_info[0]}.{sys.version_info[1]}"


def bundle_images(settings: Settings) -> dict[str, str]:
    """Return the images that a bundle must hold, by the settings that name them.

    Python's costs next to nothing, because the engine's layers begin with it; with it, nothing is
    missing that `make images` looks for.
    """
    return {
        **{variable: base_image(settings, variable) for variable in OFFICIAL},
        "ENGINE_IMAGE": f"{ENGINE}:{PYTHON}",
        "API_IMAGE": stack_images(settings)[-1],
    }


def _save_images(folder: Path) -> None:
    """Save the images, with the settings that name them on the other computers."""
    images = bundle_images(load_settings())
    folder.mkdir()
    (folder / NAMES).write_text("".join(f"{name}={image}\n" for name, image in images.items()))
    save_images(list(images.values()), folder / ARCHIVE)


def main(arguments: list[str]) -> None:
    """Run the command line; a foreseeable failure ends it with its sentence."""
    try:
        if arguments in ([], [""]):
            raise CourseError("It is not said where to.", f"name a new folder: {_EXAMPLE}")
        target = Path(arguments[0]).expanduser().resolve()
        make_bundle(target)
    except CourseError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The bundle could not be written: {error}.\nFix: {_EXAMPLE}, with another folder")
    except KeyboardInterrupt:
        sys.exit(130)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"\n{target}: {size / 1e6:.0f} MB, for {made_for()}.")
    print("On each computer copy this folder from it, and run in the copy, without a network:")
    print("  make lab\n  make up")


if __name__ == "__main__":
    main(sys.argv[1:])
