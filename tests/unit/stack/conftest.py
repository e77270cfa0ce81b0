"""Fixtures that several tests of the stack share."""

from __future__ import annotations

import pytest

from course_helpers.core import docker_checks


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act as if there were a Docker that can run the stack."""
    monkeypatch.setattr(docker_checks, "require", lambda: None)
