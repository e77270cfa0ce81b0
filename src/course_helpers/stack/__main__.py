"""The command line of the stack.

python -m course_helpers.stack up               start it, and make what it needs
python -m course_helpers.stack stop             stop it and keep its containers
python -m course_helpers.stack restart          stop its services and start them again
python -m course_helpers.stack down [volumes]   remove it, and with "volumes" its data too
python -m course_helpers.stack logs             follow its logs
"""

from __future__ import annotations

import sys

from course_helpers.core import docker_checks
from course_helpers.core.errors import CourseError
from course_helpers.core.processes import ending_with_a_sentence
from course_helpers.core.settings import prepare_env_file
from course_helpers.images.make import load_bundled, make_images
from course_helpers.images.names import missing_images
from course_helpers.stack.lifecycle import down, restart, stop, up
from course_helpers.stack.logs import follow_logs


def _up_with_images() -> None:
    docker_checks.require()
    prepare_env_file()
    load_bundled()
    if missing_images():
        make_images()
    up()


def main(arguments: list[str]) -> None:
    """Run the command line; a foreseeable failure ends it with its sentence."""
    with ending_with_a_sentence():
        match arguments:
            case ["up"]:
                _up_with_images()
            case ["stop"]:
                stop()
                print("Stopped. The containers are kept: make up starts them again.")
            case ["restart"]:
                restart()
            case ["down"]:
                down()
                print("Stopped. The data is kept: make up brings it back.")
            case ["down", "volumes"]:
                down(volumes=True)
                print("Stopped, and the data is deleted.")
            case ["logs"]:
                follow_logs()
            case _:
                raise CourseError(f"Unknown command: {' '.join(arguments)}.", "see `make help`")


if __name__ == "__main__":
    main(sys.argv[1:])
