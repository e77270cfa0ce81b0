"""What a checkpointer has kept of a run whose process was killed in the middle: tried, not told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean
from course_helpers.lessons import _killed_run
from course_helpers.lessons._killed_run import CONFIG, HELD, THREAD, build, open_saver

KINDS = ("memory", "SQLite", "Postgres")


@dataclass(frozen=True)
class Survival:
    """What this process found of a run that another one was killed in, and did about it.

    Attributes:
        kind: of the checkpointer.
        found: the steps that were done, by the checkpoints.
        begun: the steps that this process began.
        done: all steps in the end.
    """

    kind: str
    found: list[int]
    begun: list[int]
    done: list[int]

    def __repr__(self) -> str:
        return f"{self.kind:8}  found {_words(self.found):7}  then did {_words(self.begun)}"


def kill_and_resume(places: Mapping[str, str]) -> dict[str, Survival]:
    """Kill a process in the fourth of five steps, and go on with its runs in this one.

    Args:
        places: kind of checkpointer, one of `KINDS`, and where it writes: a new file of SQLite, or
            the address of a Postgres without such a run.

    Raises:
        CourseError: there is no such kind, or it cannot write there.
    """
    if unknown := [kind for kind in places if kind not in KINDS]:
        raise CourseError(
            f"There is no checkpointer {unknown[0]!r}.", f"one of: {', '.join(KINDS)}"
        )
    _kill_in_the_middle(dict(places))
    return {kind: _resume(kind, where) for kind, where in places.items()}


def _kill_in_the_middle(places: dict[str, str]) -> None:
    """Start a process, and kill it (SIGKILL, where there is that) when all runs are in the step."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", _killed_run.__name__],
        env={**os.environ, "SAVERS": json.dumps(places)},  # not among the arguments: a password
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            if process.stdout.readline() != "held\n":
                raise _failed(process.stderr.read())
        finally:
            process.kill()


def _failed(said: str) -> CourseError:
    lines = [line for line in said.splitlines() if line.partition(": ")[0] in KINDS]
    return CourseError(
        f"The run ended before step {HELD}. {clean((lines or ['It says nothing'])[0])}.",
        "is the folder of the file there, and does the Postgres answer?",
    )


def _resume(kind: str, where: str) -> Survival:
    """Open the same checkpointer in this process, look, and let the run go on."""
    begun: list[int] = []
    with open_saver(kind, where) as saver:
        graph = build(begun.append).compile(checkpointer=saver)
        found = graph.get_state(CONFIG)
        given: Any = None if found.next else {"done": []}  # None: go on where it stopped
        result = graph.invoke(given, CONFIG, durability="sync")
        saver.delete_thread(THREAD)
    return Survival(kind, found.values.get("done", []), begun, result["done"])


def _words(numbers: list[int]) -> str:
    return " ".join(str(number) for number in numbers) or "nothing"
