"""Panels for notebooks: each a `VBox` of core ipywidgets over the plain data of this package."""

from course_helpers.widgets.assistant_panel import AssistantPanel
from course_helpers.widgets.health_panel import HealthPanel
from course_helpers.widgets.image_panel import ImagePanel
from course_helpers.widgets.quiz import Question, Quiz
from course_helpers.widgets.run_timeline import RunTimeline
from course_helpers.widgets.stack_panel import StackPanel
from course_helpers.widgets.store_panel import StorePanel
from course_helpers.widgets.thread_explorer import ThreadExplorer

__all__ = [
    "AssistantPanel",
    "HealthPanel",
    "ImagePanel",
    "Question",
    "Quiz",
    "RunTimeline",
    "StackPanel",
    "StorePanel",
    "ThreadExplorer",
]
