"""Fixtures that several unit tests share."""

from __future__ import annotations

import pytest

from course_helpers.widgets import thread_explorer as module
from tests.unit.widget_backend import Backend


@pytest.fixture
async def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(module, "require_ready", lambda url: None)
    monkeypatch.setattr(module, "list_threads", backend.list)
    monkeypatch.setattr(module, "read_thread", backend.thread)
    monkeypatch.setattr(module, "read_memories", backend.memories)
    return backend
