"""The command line of backups.

python -m course_helpers.backup save FILE
python -m course_helpers.backup restore FILE [over]
"""

from __future__ import annotations

import sys

from course_helpers.backup.commands import restore, save
from course_helpers.core.errors import CourseError
from course_helpers.core.processes import ending_with_a_sentence

_USAGE = {
    "save": "name a new file: make backup TO=/media/usb/today.zip",
    "restore": "name the file of a backup: make restore FROM=/media/usb/today.zip",
}


def main(arguments: list[str]) -> None:
    """Run the command line; a foreseeable failure ends it with its sentence."""
    with ending_with_a_sentence():
        match arguments:
            case ["save" | "restore" as command, *rest] if not any(rest[:1]):
                raise CourseError("It is not said which file.", _USAGE[command])
            case ["save", path]:
                save(path)
            case ["restore", path]:
                restore(path)
            case ["restore", path, "over"]:
                restore(path, over=True)
            case _:
                raise CourseError(f"Unknown command: {' '.join(arguments)}.", "see `make help`")


if __name__ == "__main__":
    main(sys.argv[1:])
