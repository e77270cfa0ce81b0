"""The order of a restore, what a failed or killed one leaves, and what the next one does. No Docker."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from course_helpers.backup import commands, preflight, restoring, running, swap
from course_helpers.backup.preflight import Engine
from course_helpers.core.errors import DockerError, ServerError
from course_helpers.core.processes import Answer, run
from course_helpers.stack import postgres
from course_helpers.stack.containers import Service
from tests.unit.backup.test_manifest import make_backup


class Killed(BaseException):
    """The process has ended: nothing is done any more."""


class FakeStack:
    """Databases by name with what is in them, and all steps that a restore takes, in order.

    Attributes:
        held: the databases.
        steps: what was done.
        failing: step -> how it fails the first time, the second and so on; None if it does not.
        kill_at: the number of the step at which the process is killed.
        late: whether it is killed after that step, not before.
        users: how many connections to the database are found, the last number for ever.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held, self.steps = {"task_maistro": "old"}, list[str]()
        self.failing: dict[str, list[BaseException | None]] = {}
        self.kill_at, self.late, self.users = 0, False, [0]
        answers = {"server_runs": True, "require_empty": None, "give_back": None}
        answers |= {"stop_at_once": None, "start_again": None}
        for name, answer in answers.items():
            monkeypatch.setattr(restoring, name, self._step(name, answer))
        for name in ("stop", "up", "run_in"):
            monkeypatch.setattr(restoring.lifecycle, name, self._step(name))
        for module in (restoring, swap, postgres):
            monkeypatch.setattr(module, "ask", self.ask)
        for module in (restoring, swap):
            monkeypatch.setattr(module, "database", lambda: "task_maistro")
        monkeypatch.setattr(restoring, "_load_beside", self._load)
        monkeypatch.setattr(restoring, "_POLL", 0.0)

    def restore(self) -> None:
        swap.clear_leftovers()
        restoring.replace_data(cast(Any, None), over=False)

    def ask(self, sql: str) -> list[list[str]]:
        with self._done(sql.split()[0]):
            if "pg_stat_activity" in sql:
                return [[str(self.users.pop(0) if len(self.users) > 1 else self.users[0])]]
            if sql.startswith("select"):
                return [["1"]] if sql.split("'")[-2] in self.held else []
            after = dict(self.held)
            for statement in filter(None, sql.split(";")):
                self._change(after, statement.split()[0], *statement.split('"')[1::2])
            self.held = after  # all or nothing
            return []

    def _change(self, held: dict[str, str], verb: str, name: str, *new_name: str) -> None:
        if verb == "drop":
            held.pop(name, None)
            return
        assert (new_name or (name,))[0] not in held
        held[(new_name or (name,))[0]] = held.pop(name) if verb == "alter" else "half"

    def _load(self, _: object) -> None:
        self.ask('create database "task_maistro_restoring"')
        with self._done("load"):
            self.held["task_maistro_restoring"] = "new"

    def _step(self, name: str, answer: Any = None) -> Callable[..., Any]:
        def act(*arguments: Any, **_: Any) -> Any:
            with self._done(str(arguments[-1]) if name == "run_in" else name):
                return answer

        return act

    @contextmanager
    def _done(self, name: str) -> Iterator[None]:
        """Count a step around the block that does it."""
        self.steps.append(name)
        ends = self.kill_at and len(self.steps) >= self.kill_at
        if ends and not (self.late and len(self.steps) == self.kill_at):
            raise Killed
        failures = self.failing.get(name)
        if failures and (error := failures.pop(0)):
            raise error
        yield
        if ends:
            raise Killed


BUSY = DockerError("Docker: docker gives no answer within 2 s.", "restart Docker Desktop")


class TestOrder:
    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
        return FakeStack(monkeypatch)

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

    @pytest.mark.parametrize("busy", ["stop_at_once", "give_back", "start_again", "alter", "drop"])
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

    def test_the_old_data_alone_gets_its_name_back(self, fake: FakeStack) -> None:
        fake.held = {"task_maistro_replaced": "old", "task_maistro_restoring": "half"}
        swap.clear_leftovers()
        assert fake.held == {"task_maistro": "old"}

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
        """Have Python's own answer to it: a shell starts what is in the background without."""
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


class TestReserve:
    """Room is given back in the container that runs: another one would be met by others' `exec`."""

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
        restoring.give_back()
        assert calls == command


class TestEngine:
    @pytest.mark.parametrize(
        ("answer", "engine"),
        [
            (Answer(0, '["Aegra 0.11.0", ["b", "a"]]'), Engine("Aegra 0.11.0", ("b", "a"))),
            (Answer(0, "null"), Engine("another server", ())),
        ],
    )
    def test_an_image_says_what_it_serves(
        self, monkeypatch: pytest.MonkeyPatch, answer: Answer, engine: Engine
    ) -> None:
        monkeypatch.setattr(preflight, "run", lambda *_: answer)
        assert preflight.read_engine() == engine

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (
                Answer(125, err="docker: No such image: x\n\nRun 'docker run --help'"),
                "docker: No such image: x",
            ),
            (Answer(124, err="no answer within 60 s"), "no answer within 60 s"),
            (Answer(137), "it ended with code 137"),
        ],
    )
    def test_a_container_that_fails_is_no_other_server(
        self, monkeypatch: pytest.MonkeyPatch, answer: Answer, said: str
    ) -> None:
        monkeypatch.setattr(preflight, "run", lambda *_: answer)
        with pytest.raises(ServerError, match=f"does not say what it serves: {said}"):
            preflight.read_engine()

    def test_where_there_is_no_open_engine_there_is_another_server(self) -> None:
        """As in the course's own environment."""
        script = [sys.executable, "-c", preflight._ENGINE]
        assert run(script, 30) == Answer(0, "null")

    def test_without_docker_the_backup_is_not_blamed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_backup(tmp_path / "a.zip")
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(DockerError, match="docker is not installed"):
            commands.restore(tmp_path / "a.zip")
