"""The panels of the stack in a browser: on the tests' own project, with real containers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from course_helpers.stack import lifecycle
from tests.docker import project

project.use_own_project()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="package", autouse=True)
def clean_stack() -> Iterator[None]:
    """Begin and end without containers and volumes."""
    project.make_images()
    lifecycle.down(volumes=True)
    yield
    lifecycle.down(volumes=True)
