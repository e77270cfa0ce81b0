"""A pytest plugin: the engine in Docker, with the graphs of this folder, for all workers at once."""

from __future__ import annotations

import json
import os

import pytest

from course_helpers.core.settings import load_settings
from course_helpers.images.make import build_agent
from course_helpers.stack import lifecycle
from tests.conformance.support import ENGINE_URL, GRAPHS
from tests.docker import project

IMAGE = "task-maistro-test-conformance"


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # the address reaches a worker in its environment
        return
    project.use_own_project()
    project.make_images()
    os.environ["API_IMAGE"] = IMAGE
    build_agent(load_settings(), GRAPHS)
    lifecycle.down(volumes=True)
    graphs = list(json.loads((GRAPHS / "langgraph.json").read_text())["graphs"])
    try:
        os.environ[ENGINE_URL] = lifecycle.up(graphs=graphs)
    except BaseException:
        lifecycle.down(volumes=True)
        raise


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        lifecycle.down(volumes=True)
