"""A stand-in for the stack of a restore, which records each step and fails where a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from course_helpers.backup import restoring, swap
from course_helpers.stack import postgres


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
        answers = {"server_runs": True, "require_empty": None, "delete_reserve": None}
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
            self.held = after  # all at once, or nothing
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
