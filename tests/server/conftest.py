"""One real `langgraph dev` for all server tests that do not break it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_helpers import lanes
from course_helpers.core.settings import load_settings
from course_helpers.lanes import Deployment
from course_helpers.server.dev_server import start_dev_server
from tests.pinned import PINNED


@pytest.fixture(scope="session", autouse=True)
def pinned() -> Iterator[None]:
    """Pin the settings, so that a learner's `.env` changes no test."""
    before = dict(os.environ)
    os.environ.update(PINNED)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def server(pinned: None) -> Deployment:
    """Return the deployment of this process; `connect` starts it once."""
    return lanes.connect()


@pytest.fixture(scope="session", autouse=True)
def stopped_at_the_end() -> Iterator[None]:
    yield
    if lanes._server:
        lanes._server.stop()
        assert not lanes._server.running


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Start a server with `heavy_graph.py`."""
    folder = tmp_path_factory.mktemp("heavy")
    shutil.copy(Path(__file__).with_name("heavy_graph.py"), folder)
    config = {"dependencies": ["."], "graphs": {"task_maistro": "./heavy_graph.py:graph"}}
    (folder / "langgraph.json").write_text(json.dumps(config))
    server = start_dev_server(settings=load_settings(), deployment=folder)
    yield Deployment(server.url, "embedded", "a test", "langgraph dev", "none", "none")
    server.stop()
