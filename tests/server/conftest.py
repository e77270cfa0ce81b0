"""One real `langgraph dev` for all server tests that do not break it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from course_helpers import lanes
from course_helpers.lanes import Deployment
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
