"""What a crash test has found: the ledger against the database, in figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from course_helpers.stack.postgres import read_rows
from tests.docker.crash_killer import SERVICES, Kill
from tests.docker.crash_load import ACKNOWLEDGED, FINAL, REFUSED, UNKNOWN, UNREACHED, Load, Request

RUNS = """select run_id, status, execution_params->'extras'->'metadata'->>'request_id' as request_id,
    extract(epoch from created_at) as made, extract(epoch from updated_at) as ended from runs"""
TODOS = "select prefix, value->>'task' as task from store where prefix like 'todo.%'"


class Run(NamedTuple):
    """A row of the table `runs`; its times are seconds since 1970."""

    run_id: str
    status: str
    request_id: str
    made: float
    ended: float


@dataclass(frozen=True)
class Outcome:
    """What was asked for, what was killed, and what the database holds afterwards.

    Attributes:
        load: how much was asked for.
        requests: the ledger.
        kills: in order.
        runs: all of the database's.
        todos: user and task of each to-do in the store.
    """

    load: Load
    requests: Sequence[Request]
    kills: Sequence[Kill]
    runs: Sequence[Run]
    todos: Sequence[tuple[str, str]]

    @property
    def statuses(self) -> Counter[str]:
        """How the runs have ended."""
        return Counter(run.status for run in self.runs)

    @property
    def lost(self) -> list[Request]:
        """The requests that were acknowledged, and whose run is not there or has not ended."""
        ended = {run.run_id for run in self.runs if run.status in FINAL}
        return [r for r in self.requests if is_acknowledged(r) and r.run_id not in ended]

    @property
    def doubled(self) -> list[str]:
        """The ids of the requests that have more than one run."""
        counts = Counter(run.request_id for run in self.runs)
        return [request_id for request_id, count in counts.items() if count > 1]

    @property
    def doubled_todos(self) -> list[str]:
        """The words of the requests whose to-do is on its list more than once."""
        return [request.word for request in self.requests if self._todos_of(request) > 1]

    @property
    def lost_todos(self) -> list[str]:
        """The words of the requests whose run ended with success and left no to-do."""
        succeeded = {run.run_id for run in self.runs if run.status == "success"}
        asked = (r for r in self.requests if r.run_id in succeeded)
        return [request.word for request in asked if self._todos_of(request) == 0]

    def answers(self, kind: str) -> int:
        """Return how many attempts were answered in a way."""
        return sum(answer.kind == kind for r in self.requests for answer in r.answers)

    def arrived(self, kind: str) -> int:
        """Return how many requests had arrived although the answer was of this kind."""
        return sum(r.answers[-1].kind == kind and bool(r.run_id) for r in self.requests)

    def recoveries(self, service: str) -> list[float]:
        """Return, for each kill and each run under way then, how many seconds later that ended.

        A run that several kills have hit counts for each of them.
        """
        kills = [kill for kill in self.kills if kill.service == service]
        return sorted(
            run.ended - kill.at
            for kill in kills
            for run in self.runs
            if run.made < kill.at < run.ended
        )

    def silences(self, service: str) -> list[float]:
        """Return for each kill the seconds until a request made after it was acknowledged."""
        answers = [a for r in self.requests for a in r.answers if a.kind == ACKNOWLEDGED]
        at = [kill.at for kill in self.kills if kill.service == service]
        firsts = (min((a.came for a in answers if a.sent > t), default=math.inf) - t for t in at)
        return sorted(firsts)

    def _todos_of(self, request: Request) -> int:
        return sum(
            user == request.user_id and request.word in task.lower() for user, task in self.todos
        )


def is_acknowledged(request: Request) -> bool:
    """Return whether the server has said that it has made a run."""
    return any(answer.kind == ACKNOWLEDGED for answer in request.answers)


def read_outcome(load: Load, requests: Sequence[Request], kills: Sequence[Kill]) -> Outcome:
    """Return what was asked for beside what the stack's Postgres holds."""
    runs = [
        Run(
            row["run_id"], row["status"], row["request_id"], float(row["made"]), float(row["ended"])
        )
        for row in read_rows(RUNS)
    ]
    todos = [(row["prefix"].rpartition(".")[2], row["task"]) for row in read_rows(TODOS)]
    return Outcome(load, requests, kills, runs, todos)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed; not a number of none."""
    return float(np.percentile(values, percent, method="inverted_cdf")) if values else math.nan


def table(outcome: Outcome) -> str:
    """Return the figures as aligned lines."""
    o, load = outcome, outcome.load
    counts = {
        "requests": len(o.requests),
        "acknowledged": sum(map(is_acknowledged, o.requests)),
        "attempts refused": o.answers(REFUSED),
        "  of them arrived all the same": o.arrived(REFUSED),
        "attempts with an unknown outcome": o.answers(UNKNOWN),
        "  of them arrived": o.arrived(UNKNOWN),
        "attempts that reached nobody": o.answers(UNREACHED),
        **{f"runs: {status}": count for status, count in sorted(o.statuses.items())},
        "lost": len(o.lost),
        "doubled": len(o.doubled),
        "to-dos lost": len(o.lost_todos),
        "to-dos doubled": len(o.doubled_todos),
    }
    lines = [f"{load.threads} threads, {load.seconds:g} s, seed {load.seed}"]
    lines += [f"{name:34}{count:>7}" for name, count in counts.items()]
    return "\n".join([*lines, "", *_recovery_lines(o)])


def _recovery_lines(outcome: Outcome) -> Iterable[str]:
    yield f"{'killed':20}{'times':>6}{'runs hit':>10}{'p50 s':>8}{'p95 s':>8}{'silence s':>11}"
    for service in SERVICES:
        hit, silent = outcome.recoveries(service), outcome.silences(service)
        figures = (percentile(hit, 50), percentile(hit, 95), max(silent, default=math.nan))
        p50, p95, longest = (f"{s:.1f}" if math.isfinite(s) else "-" for s in figures)
        yield f"{service:20}{len(silent):>6}{len(hit):>10}{p50:>8}{p95:>8}{longest:>11}"
