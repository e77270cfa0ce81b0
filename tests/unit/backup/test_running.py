"""What is started for a backup, and what is stopped afterwards; the commands are only recorded."""

from __future__ import annotations

import pytest

from course_helpers.backup import running
from course_helpers.stack.containers import Service


class TestDatabases:
    """What is started for a backup, and what is stopped afterwards."""

    @pytest.mark.parametrize(
        ("postgres", "redis", "stopped"),
        [
            (("running", "healthy"), ("running", "healthy"), None),
            (("running", "starting"), ("running", "unhealthy"), None),
            (("exited", ""), ("running", "starting"), ("langgraph-postgres",)),
            (("exited", ""), ("created", ""), ("langgraph-postgres", "langgraph-redis")),
        ],
    )
    def test_only_what_did_not_run_is_stopped(
        self,
        monkeypatch: pytest.MonkeyPatch,
        postgres: tuple[str, str],
        redis: tuple[str, str],
        stopped: tuple[str, ...] | None,
    ) -> None:
        states = {"langgraph-postgres": postgres, "langgraph-redis": redis}
        found = [Service(name, "c", "i", *state) for name, state in states.items()]
        calls: list[tuple[str, ...]] = []
        monkeypatch.setattr(running, "services", lambda: found)
        monkeypatch.setattr(running, "data_volumes", lambda: ["x_postgres-data"])
        monkeypatch.setattr(running, "run_compose", lambda *names, **_: calls.append(names))
        monkeypatch.setattr(running.lifecycle, "prepare", lambda: None)
        monkeypatch.setattr(running.lifecycle, "stop", lambda *names: calls.append(names))
        with running.running_databases():
            awaited = [name for service in calls for name in service if name in states]
        assert awaited == [service.name for service in found if not service.ready]
        assert calls[1:] == ([stopped] if stopped else [])
