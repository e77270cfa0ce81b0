"""The tests' own stack: its project, settings file, port and images, never a learner's."""

from __future__ import annotations

import os
import shutil

from dotenv import set_key

from course_helpers.core.ports import free_port
from course_helpers.core.settings import DEPLOYMENT, ENV_FILE
from course_helpers.images import make
from tests.pinned import PINNED, TESTS_ENV

# Tests that run beside each other have a settings file each, and so a project each.
PROJECT = IMAGE = "task-maistro-test" + ("" if ENV_FILE == TESTS_ENV else f"-{ENV_FILE.stem}")


def use_own_project() -> None:
    """Make this process, and what it starts, work on the tests' stack."""
    assert str(ENV_FILE) == PINNED["COURSE_ENV_FILE"], "tests/conftest.py decides the settings file"
    os.environ |= {**PINNED, "COMPOSE_PROJECT_NAME": PROJECT, "API_IMAGE": IMAGE}
    os.environ["API_PORT"] = str(free_port())


def make_images() -> None:
    """Make the images as `make images` does, with the pinned settings in the file."""
    ENV_FILE.parent.mkdir(exist_ok=True)
    shutil.copyfile(DEPLOYMENT / ".env.example", ENV_FILE)
    for name, value in {**PINNED, "API_IMAGE": IMAGE}.items():
        if name not in ("COURSE_ENV_FILE", "LANE"):
            set_key(ENV_FILE, name, value, quote_mode="never")
    make.make_images()


if __name__ == "__main__":
    use_own_project()
    make_images()
