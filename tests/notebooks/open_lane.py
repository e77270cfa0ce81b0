"""A pytest plugin: the notebooks' kernels work on the tests' own stack, which ends with them."""

from __future__ import annotations

import os

import pytest

from course_helpers import stack
from tests.docker import project


def pytest_configure() -> None:
    project.use_own_project()
    os.environ["LANE"] = "open"
    project.make_images()
    stack.down(volumes=True)
    try:
        stack.up()
    except BaseException:
        stack.down(volumes=True)
        raise


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    stack.down(volumes=True)
