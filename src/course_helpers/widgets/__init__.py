"""Panels for notebooks: each a `VBox` of core ipywidgets over the plain data of the packages below.

assistant_panel       the assistants of a graph and their versions
checkpoint_timeline   the checkpoints of a thread as a list
command_panel         a panel that runs commands and shows what they print
conversation          a thread as words and markup
health_panel          what the doctor finds
image_panel           builds the image and draws its layers
item_form             an item of the store as JSON to edit
live_stream           the stream of a thread, held while the thread is followed
panel                 what every panel is: theme, status line, static picture
quiz                  questions with answers that explain
run_timeline          the runs of a thread on a time axis
server_panel          a panel over a server: refresh, one action at a time, every outcome shown
stack_panel           starts the stack, its services and logs
store_panel           the store: browse, search, edit
store_view            the store's items as markup
theme                 the style of all panels, and the parts of a page that they share
thread_controls       the thread explorer's rows of buttons and fields
thread_display        the widgets that show a thread
thread_explorer       a thread by hand: send, fork, approve, edit, copy, delete
thread_fields         the list of threads, and texts that offer some words
thread_live           a thread that is changed and followed
thread_reader         what is read for the thread explorer
"""

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
