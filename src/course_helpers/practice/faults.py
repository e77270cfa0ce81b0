"""A practice stack with a fault in it: break it, diagnose it, mend it.

with fault("Redis down", practice):
    print(diagnose(practice))

riddle = random_fault(practice)    # over several cells: what is wrong?
riddle.reveal()
riddle.mend()
"""

from __future__ import annotations

import random

from course_helpers.core.errors import CourseError
from course_helpers.practice.broken_stack import BrokenStack
from course_helpers.practice.fault_catalogue import FAULTS, Fault
from course_helpers.practice.stack import PracticeStack


class BrokenBy:
    """A practice stack with a fault in it, from now on until `mend` or the end of a `with` block.

    Its repr shows the first symptom, or that it is mended, but not which fault it is.

    Args:
        broken: the fault.
        practice: the stack; it is started if it does not run.

    Raises:
        CourseError: it is broken already, or cannot be started or broken.
    """

    def __init__(self, broken: Fault, practice: PracticeStack) -> None:
        self._fault, self._stack = broken, BrokenStack(practice)
        try:
            broken.break_it(self._stack)
        except BaseException:
            self.mend()
            raise

    def __enter__(self) -> BrokenBy:
        return self

    def __exit__(self, *_: object) -> None:
        self.mend()

    def __repr__(self) -> str:
        if self._stack.broken:
            return f"Something is broken: {self._fault.notice}"
        return f"It is mended. What was noticed: {self._fault.notice}"

    def hint(self) -> str:
        """Return where to look."""
        return self._fault.hint

    def reveal(self) -> Fault:
        """Return which fault it is."""
        return self._fault

    def mend(self) -> None:
        """Undo the fault, and wait until the stack is healthy. May be called again.

        Raises:
            CourseError: as `PracticeStack.up` does.
        """
        self._stack.mend()


def fault(name: str, practice: PracticeStack) -> BrokenBy:
    """Break the practice stack by a fault.

    Args:
        name: one of `FAULTS`.
        practice: the stack.

    Raises:
        CourseError: there is no such fault, or the stack is broken already.
    """
    if name not in FAULTS:
        raise CourseError(f"There is no fault {name!r}.", f"one of: {', '.join(FAULTS)}")
    return BrokenBy(FAULTS[name], practice)


def random_fault(practice: PracticeStack, seed: int | str | None = None) -> BrokenBy:
    """Break the practice stack by a random fault, without showing which.

    Args:
        practice: the stack.
        seed: the same seed gives the same fault; by default the choice is random.

    Raises:
        CourseError: the stack is broken already.
    """
    return BrokenBy(random.Random(seed).choice(list(FAULTS.values())), practice)
