"""A stack of the tests' own for the notebooks' kernels, also as a pytest plugin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from course_helpers.stack import lifecycle
from tests.docker import project

_stack = ExitStack()


@contextmanager
def own_stack() -> Iterator[None]:
    """Make the images; begin and end without containers and volumes of the tests' project."""
    project.use_own_project()
    project.make_images()
    lifecycle.down(volumes=True)
    try:
        yield
    finally:
        lifecycle.down(volumes=True)


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    _stack.enter_context(own_stack())


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _stack.close()
