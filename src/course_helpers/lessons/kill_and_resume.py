"""Kill a process in the middle of its runs, and resume them from what their checkpointers kept."""

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
    """A run that was interrupted by a kill, as it was found and resumed.

    Attributes:
        kind: of the checkpointer.
        found: the steps that were done according to the checkpoints.
        begun: the steps that were started when the run was resumed.
        done: all steps that were done in the end.
    """

    kind: str
    found: list[int]
    begun: list[int]
    done: list[int]

    def __repr__(self) -> str:
        return f"{self.kind:8}  found {_words(self.found):7}  then did {_words(self.begun)}"


def kill_and_resume(places: Mapping[str, str]) -> dict[str, Survival]:
    """Kill a process in the fourth of five steps, and resume its runs in this process.

    Args:
        places: kind of checkpointer, one of `KINDS` -> where it writes: a new SQLite file, or the
            address of a Postgres.

    Raises:
        CourseError: the kind is unknown, or a checkpointer cannot write there.
    """
    if unknown := [kind for kind in places if kind not in KINDS]:
        raise CourseError(
            f"There is no checkpointer {unknown[0]!r}.", f"one of: {', '.join(KINDS)}"
        )
    _kill_in_the_middle(dict(places))
    return {kind: _resume(kind, where) for kind, where in places.items()}


def _kill_in_the_middle(places: dict[str, str]) -> None:
    """Start a process, and kill it (SIGKILL on Unix) when all its runs are in the fourth step."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", _killed_run.__name__],
        env={
            **os.environ,
            "SAVERS": json.dumps(places),
        },  # not as arguments: an address holds a password
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


def _failed(errors: str) -> CourseError:
    lines = [line for line in errors.splitlines() if line.partition(": ")[0] in KINDS]
    return CourseError(
        f"The run ended before step {HELD}. {clean((lines or ['It says nothing'])[0])}.",
        "is the folder of the file there, and does the Postgres answer?",
    )


def _resume(kind: str, where: str) -> Survival:
    """Open the same checkpointer in this process, read the run's state, and resume it."""
    begun: list[int] = []
    with open_saver(kind, where) as saver:
        graph = build(begun.append).compile(checkpointer=saver)
        found = graph.get_state(CONFIG)
        given: Any = None if found.next else {"done": []}  # None: resume where it stopped
        result = graph.invoke(given, CONFIG, durability="sync")
        saver.delete_thread(THREAD)
    return Survival(kind, found.values.get("done", []), begun, result["done"])


def _words(numbers: list[int]) -> str:
    return " ".join(str(number) for number in numbers) or "nothing"
