"""Fixtures that the tests of backups share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.backup.fake_stack import FakeStack


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a backup.zip"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    return FakeStack(monkeypatch)
