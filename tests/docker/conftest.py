"""Real containers: a project, a settings file, images and a port of the tests' own.

Everything is called `task-maistro-test…`, so that a learner's own stack is never touched.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dotenv import set_key

from course_helpers.core.processes import run
from course_helpers.core.settings import DEPLOYMENT, ENV_FILE, load_settings
from course_helpers.images.make import build_agent
from course_helpers.stack import lifecycle
from course_helpers.stack.containers import find_services
from tests.docker import project
from tests.docker.backups import Saved, make_backup
from tests.docker.project import IMAGE, PROJECT
from tests.docker.replicas import engine

project.use_own_project()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.docker)
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session", autouse=True)
def made_images() -> None:
    """Make the images once."""
    project.make_images()


@pytest.fixture
def settings_file(made_images: None) -> Iterator[Callable[..., None]]:
    """Yield a function that changes settings, and restore them afterwards."""
    before = ENV_FILE.read_text()

    def change(**values: str) -> None:
        for name, value in values.items():
            set_key(ENV_FILE, name, value, quote_mode="never")

    yield change
    ENV_FILE.write_text(before)


@pytest.fixture
def fresh(made_images: None) -> Iterator[None]:
    """Begin and end without containers, volumes and networks."""
    lifecycle.down(volumes=True)
    yield
    lifecycle.down(volumes=True)
    assert find_services(PROJECT) == []


@pytest.fixture(scope="module")
def running(made_images: None) -> Iterator[str]:
    """Yield the address of a stack on fresh volumes, and remove it afterwards."""
    lifecycle.down(volumes=True)
    try:
        yield lifecycle.up()
    finally:
        lifecycle.down(volumes=True)


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Yield a function that builds an image of a changed copy of `deployment/`."""
    made: list[str] = []

    def build(change: Callable[[Path], None]) -> str:
        folder = tmp_path / f"deployment-{len(made)}"
        leave = shutil.ignore_patterns("engine", "images", "__pycache__", ".env", ".langgraph_api")
        shutil.copytree(DEPLOYMENT, folder, ignore=leave)
        change(folder)
        name = f"{IMAGE}-{len(made)}"
        made.append(name)
        os.environ["API_IMAGE"] = name
        build_agent(load_settings(), folder)
        return name

    yield build
    os.environ["API_IMAGE"] = IMAGE
    for name in made:
        run(["docker", "image", "rm", "--force", name], 30)


@pytest.fixture(scope="module")
def saved(made_images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    with engine() as url:
        yield asyncio.run(make_backup(url, tmp_path_factory.mktemp("backups") / "a.zip"))
