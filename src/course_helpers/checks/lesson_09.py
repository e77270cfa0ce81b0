"""Self-checks of lesson 09, Fix it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.core.settings import GRAPH
from course_helpers.practice.fault_catalogue import FAULTS, Fault
from course_helpers.practice.faults import BrokenBy
from course_helpers.practice.stack import PracticeStack
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import SERVICES, override_file, services


def named_fault(riddle: BrokenBy, answer: Any) -> Result:
    """The name of the fault that a practice stack has.

    Args:
        riddle: what `random_fault` returned.
        answer: the learner's.
    """
    if not isinstance(answer, str) or not answer.strip():
        return Result(False, "Which of the twelve is it? Put its name into your answer, in quotes.")
    names = {name.lower(): name for name in FAULTS}
    name = names.get(answer.strip().lower())
    if name is None:
        near = get_close_matches(answer.lower(), list(names), n=1)
        meant = f" Do you mean {names[near[0]]!r}?" if near else " See the table in part 7."
        return Result(False, f"None of the twelve is called {answer!r}.{meant}")
    real = riddle.reveal()
    if name != real.name:
        return _another(FAULTS[name], riddle)
    return Result(True, f"It is {name!r}. The sentence with “{real.sign}” in it says so.")


def _another(guess: Fault, riddle: BrokenBy) -> Result:
    """Return what contradicts a wrong answer, and where to look."""
    if guess.notice != riddle.reveal().notice:
        return Result(
            False,
            f"With {guess.name!r}, one would notice this: {guess.notice} Is that what you notice? "
            f"{riddle.hint()}",
        )
    return Result(
        False,
        f"{guess.name!r} would look the same from outside, but it is another fault. What did you "
        f"see inside? {riddle.hint()}",
    )


def mended_by_hand(practice: PracticeStack, riddle: BrokenBy, answer: Any) -> Result:
    """A fault that is named and mended by hand.

    Args:
        practice: the stack.
        riddle: what `random_fault` returned.
        answer: the learner's name for the fault.
    """
    named = named_fault(riddle, answer)
    if not named.passed:
        return named
    try:
        with practice:
            found = {service.name: service for service in services()}
            by_helper = not override_file().exists()  # `mend` and `remove` delete it
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")
    for name in SERVICES:
        now = found.get(name)
        if now is None or now.state != "running":
            how = now or "without a container"
            return Result(
                False,
                f"That is its name. {name} does not run yet, it is {how}. What starts it?",
            )
    if missing_graphs(practice.url, [GRAPH]) != []:
        return Result(
            False, "All three run, but the server does not answer yet. Is it still starting?"
        )
    if by_helper:
        return Result(
            False,
            "It is whole again, but mend() or remove() did that. Break it again above: can you do "
            "it yourself?",
        )
    return Result(True, "Found and mended: all three run, and the server answers.")
