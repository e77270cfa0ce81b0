"""Fixtures that several tests of the stack share."""

from __future__ import annotations

import pytest

from course_helpers.core import docker as module


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act as if there were a Docker that can run the stack."""
    monkeypatch.setattr(module, "require", lambda: None)
