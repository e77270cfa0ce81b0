"""What the notebooks import: the course's helpers and panels, a dozen names."""

from course_helpers import checks as check
from course_helpers.errors import CourseError
from course_helpers.lanes import Deployment, connect
from course_helpers.store import read_memories
from course_helpers.threads import read_thread
from course_helpers.widgets import HealthPanel, Question, Quiz, ThreadExplorer

__all__ = [
    "CourseError",
    "Deployment",
    "HealthPanel",
    "Question",
    "Quiz",
    "ThreadExplorer",
    "check",
    "connect",
    "read_memories",
    "read_thread",
]
