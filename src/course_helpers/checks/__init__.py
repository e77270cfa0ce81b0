"""The exercises' self-checks. Each answers as a patient teacher would.

A check judges what the system did (a run's status, a thread's state, the store), never wording,
so that it holds with a real LLM as well as with the offline model.
"""

from course_helpers.checks.definitions import same_definitions
from course_helpers.checks.lesson_00 import new_thread, own_todo
from course_helpers.checks.lesson_01 import patched_profile, priority_todo, strict_router
from course_helpers.checks.lesson_02 import mended, second_graph
from course_helpers.checks.result import Result

__all__ = [
    "Result",
    "mended",
    "new_thread",
    "own_todo",
    "patched_profile",
    "priority_todo",
    "same_definitions",
    "second_graph",
    "strict_router",
]
