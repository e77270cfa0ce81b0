"""Practice containers, as far as they need no Docker."""

from __future__ import annotations

import pytest

from course_helpers.core import docker_checks
from course_helpers.core.errors import SettingsError
from course_helpers.practice.containers import PracticeContainers


def test_another_base_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_checks, "require", lambda build: None)
    monkeypatch.setenv("BASE_IMAGE", "langchain/langgraph-api")
    with pytest.raises(SettingsError, match="BASE_IMAGE is langchain/langgraph-api"):
        PracticeContainers()
