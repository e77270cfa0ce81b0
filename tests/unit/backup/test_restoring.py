"""The order of a restore, what a failed or killed one leaves, and what the next one does. No Docker."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import pytest

from course_helpers.backup import restoring
from course_helpers.core.errors import DockerError, ServerError
from course_helpers.stack.containers import Service
from tests.unit.backup.fake_stack import FakeStack, Killed

BUSY = DockerError("Docker: docker gives no answer within 2 s.", "restart Docker Desktop")


class TestOrder:
    @pytest.mark.parametrize("runs", [True, False])
    def test_redis_is_empty_before_it_meets_other_data_and_the_old_goes_last(
        self, fake: FakeStack, runs: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(restoring, "server_runs", lambda: runs)
        restoring.replace_data(cast(Any, None), over=False)
        assert fake.held == {"task_maistro": "new"}
        wanted = ["stop", "require_empty", "load", "flushall", "alter", "up", "drop"]
        wanted = [step for step in wanted if runs or step not in ("stop", "up")]
        assert [step for step in fake.steps if step in wanted] == wanted

    @pytest.mark.parametrize(
        "failing", ["stop", "require_empty", "load", "flushall", "alter", "up"]
    )
    def test_whatever_fails_is_undone_and_the_server_started(
        self, fake: FakeStack, failing: str
    ) -> None:
        fake.failing[failing] = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            fake.restore()
        assert fake.held == {"task_maistro": "old"}
        assert fake.steps[-1] == "up"

    @pytest.mark.parametrize(
        "busy", ["stop_at_once", "delete_reserve", "start_again", "alter", "drop"]
    )
    @pytest.mark.parametrize("times", [2, 3])
    def test_a_step_of_the_undo_that_fails_does_not_hinder_the_others(
        self, fake: FakeStack, busy: str, times: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = [None] if busy == "alter" else []  # the swap itself
        fake.failing = {busy: [*first, *[BUSY] * times], "up": [ServerError("No start.", "")]}
        with pytest.raises(ServerError, match="No start"):
            restoring.replace_data(cast(Any, None), over=False)
        assert ("no answer within 2 s" in capsys.readouterr().out) == (times == 3)
        if times == 3 and busy == "alter":
            assert fake.held == {"task_maistro": "new", "task_maistro_replaced": "old"}
            assert fake.steps.count("up") == 1  # not with data that nobody expects
            return
        assert fake.held.pop("task_maistro") == "old"
        assert fake.held == (
            {"task_maistro_restoring": "new"} if (busy, times) == ("drop", 3) else {}
        )
        assert fake.steps[-1] == "up"

    @pytest.mark.parametrize("late", [True, False])
    @pytest.mark.parametrize("fails", [True, False])
    def test_killed_anywhere_nothing_is_lost_then_or_by_the_next_restore(
        self, monkeypatch: pytest.MonkeyPatch, late: bool, fails: bool
    ) -> None:
        outcomes = set()
        for number in itertools.count(1):
            fake = FakeStack(monkeypatch)
            fake.kill_at, fake.late = number, late
            fake.failing = {"up": [ServerError("No start.", "")]} if fails else {}
            with suppress(Killed, ServerError):
                fake.restore()
            if len(fake.steps) < number:
                break
            outcomes.add(self.restored_after(fake))
        assert outcomes == {"old", "two"} if fails else {"old", "two", "new"}

    def restored_after(self, fake: FakeStack) -> str:
        """Return what was there after a restore was killed, and check that the next one keeps it."""
        left, started = dict(fake.held), "up" in fake.steps
        fake.kill_at = 0
        if "task_maistro_replaced" in left:
            assert (left["task_maistro"], left["task_maistro_replaced"]) == ("new", "old")
            with pytest.raises(ServerError, match="task_maistro_replaced") as caught:
                fake.restore()
            assert "dropdb -U postgres task_maistro_replaced" in caught.value.fix
            assert fake.held == left
            return "two"
        assert left["task_maistro"] == "old" or started
        fake.failing = {"up": [BUSY]}
        with pytest.raises(DockerError):
            fake.restore()
        assert fake.held == {"task_maistro": left["task_maistro"]}
        fake.restore()
        assert fake.held == {"task_maistro": "new"}
        return left["task_maistro"]

    def test_a_restore_has_succeeded_though_the_old_data_is_not_deleted(
        self, fake: FakeStack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fake.failing["drop"] = [BUSY] * 3
        restoring.replace_data(cast(Any, None), over=False)
        assert fake.held == {"task_maistro": "new", "task_maistro_replaced": "old"}
        assert "The restore has succeeded. The old data is left" in capsys.readouterr().out

    def test_a_connection_that_closes_is_waited_for_and_another_is_refused(
        self, fake: FakeStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake.users = [2, 1, 0]
        restoring._require_unused()
        fake.users = [1]
        monkeypatch.setattr(restoring, "UNUSED_WITHIN", 0.05)
        with pytest.raises(ServerError, match="still uses the database 'task_maistro'"):
            restoring._require_unused()

    @pytest.fixture
    def ctrl_c(self) -> Iterator[Any]:
        """Restore Python's own handler: a shell starts background processes without it."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield signal.default_int_handler
        signal.signal(signal.SIGINT, before)

    def test_ctrl_c_does_not_reach_the_undo(self, fake: FakeStack, ctrl_c: Any) -> None:
        stop = restoring.stop_at_once

        def interrupted(name: str) -> None:
            signal.raise_signal(signal.SIGINT)
            stop(name)

        restoring.stop_at_once = interrupted
        fake.failing["load"] = [BUSY]
        with pytest.raises(DockerError):
            fake.restore()
        assert fake.held == {"task_maistro": "old"}
        assert signal.getsignal(signal.SIGINT) is ctrl_c


class TestReserve:
    """Room is given back in a running container: others' `exec` would find a second one."""

    @pytest.mark.parametrize(
        ("state", "volumes", "command"),
        [
            ("running", ["x_postgres-data"], ["exec"]),
            ("exited", ["x_postgres-data"], ["run"]),
            ("exited", [], []),
        ],
    )
    def test_it_is_given_back_whether_postgres_runs_or_not(
        self, monkeypatch: pytest.MonkeyPatch, state: str, volumes: list[str], command: list[str]
    ) -> None:
        calls: list[str] = []
        found = [Service("langgraph-postgres", "c", "i", state)]
        monkeypatch.setattr(restoring, "services", lambda: found)
        monkeypatch.setattr(restoring, "data_volumes", lambda: volumes)
        monkeypatch.setattr(restoring, "run_compose", lambda name, *_, **__: calls.append(name))
        restoring.delete_reserve()
        assert calls == command
