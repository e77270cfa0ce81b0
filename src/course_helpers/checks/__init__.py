"""The exercises' self-checks. Each answers as a patient teacher would.

A check judges what the system did (a run's status, a thread's state, the store), never the wording
of an answer, so that it works with a real LLM as well as with the offline model.
"""

from course_helpers.checks.definitions import same_definitions
from course_helpers.checks.lesson_00 import new_thread, own_todo
from course_helpers.checks.lesson_01 import patched_profile, priority_todo, strict_router
from course_helpers.checks.lesson_02 import mended, second_graph
from course_helpers.checks.lesson_03 import left_out, released, starts
from course_helpers.checks.lesson_04 import data_kept, redis_restarted, todos_by_sql
from course_helpers.checks.lesson_05 import forked, replays, reviewed, sends_once
from course_helpers.checks.lesson_06 import edited, patient_sender, predicted_runs
from course_helpers.checks.lesson_07 import only_these_deleted, own_category, rolled_back
from course_helpers.checks.lesson_08 import heaviest_threads, tells_differences, tidied
from course_helpers.checks.lesson_09 import mended_by_hand, named_fault
from course_helpers.checks.result import Result

__all__ = [
    "Result",
    "data_kept",
    "edited",
    "forked",
    "heaviest_threads",
    "left_out",
    "mended",
    "mended_by_hand",
    "named_fault",
    "new_thread",
    "only_these_deleted",
    "own_category",
    "own_todo",
    "patched_profile",
    "patient_sender",
    "predicted_runs",
    "priority_todo",
    "redis_restarted",
    "released",
    "replays",
    "reviewed",
    "rolled_back",
    "same_definitions",
    "second_graph",
    "sends_once",
    "starts",
    "strict_router",
    "tells_differences",
    "tidied",
    "todos_by_sql",
]
