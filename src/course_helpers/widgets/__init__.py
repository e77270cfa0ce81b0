"""Panels for notebooks: each a `VBox` of core ipywidgets over the plain data of this package."""

from course_helpers.widgets.health_panel import HealthPanel
from course_helpers.widgets.image_panel import ImagePanel
from course_helpers.widgets.quiz import Question, Quiz
from course_helpers.widgets.stack_panel import StackPanel
from course_helpers.widgets.thread_explorer import ThreadExplorer

__all__ = ["HealthPanel", "ImagePanel", "Question", "Quiz", "StackPanel", "ThreadExplorer"]
