"""The panels without a browser and without a server: state, errors, escaping, static HTML."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from course_helpers.doctor import Finding
from course_helpers.errors import NotFoundError, ServerError
from course_helpers.lanes import Deployment
from course_helpers.store import Memories
from course_helpers.threads import Checkpoint, Message, ThreadView, ToolCall
from course_helpers.widgets import HealthPanel, Question, Quiz, ThreadExplorer, health_panel, theme
from course_helpers.widgets import thread_explorer as module
from course_helpers.widgets.panel import Panel, View

URL = "http://127.0.0.1:9"  # nothing is ever asked there
DEPLOYMENT = Deployment(URL, "embedded", "a test", "none", "none", "none")
DOWN = ServerError(f"Nothing answers at {URL}: the server has stopped.", "connect() again")
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Backend:
    """What stands in for the server: what it holds, what it answers with, and what was asked."""

    def __init__(self) -> None:
        self.messages = [
            Message("human", "Remind me to water the plants."),
            Message("ai", "", [ToolCall("UpdateMemory", '{"update_type": "todo"}', "New ToDo")]),
            Message("ai", "It is on your list."),
        ]
        self.checkpoints = [
            Checkpoint("c2", 1, "", 3, [], []),
            Checkpoint("c1", 0, "", 1, ["task_maistro"], ["ValueError: no key"]),
        ]
        self.todos = [{"task": "Water the plants", "deadline": None, "status": "not started"}]
        self.error: Exception | None = None
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def thread(self, client: object, thread_id: str) -> ThreadView:
        self.reads += 1
        await self.gate.wait()
        if self.error:
            raise self.error
        return ThreadView(thread_id, "idle", self.messages, self.checkpoints)

    async def memories(self, client: object, user_id: str, category: str) -> Memories:
        return Memories(user_id, self.todos, {"name": "Ann"}, [f"category {category}"])


@pytest.fixture
async def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(module, "require_ready", lambda url: None)
    monkeypatch.setattr(module, "read_thread", backend.thread)
    monkeypatch.setattr(module, "read_memories", backend.memories)
    return backend


async def explorer_of(backend: Backend) -> ThreadExplorer:
    return await ThreadExplorer.load(DEPLOYMENT, "t1", user_id="ann")


def shown(panel: Panel) -> str:
    """Return everything that the panel's widgets show."""
    return panel._status.value + panel._body.value


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition changes in a widget's trait
            await asyncio.sleep(0.005)


class Markup(HTMLParser):
    """Collects the tags of a piece of HTML and checks that they close in order."""

    VOID = ("br", "img", "input")

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(markup)
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def static(view: View) -> str:
    return str(view._repr_mimebundle_()["text/html"])


# --- The thread explorer ----------------------------------------------------------------------


async def test_it_shows_the_three_parts(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    assert explorer.thread is not None
    assert explorer.thread.status == "idle"
    for text in ("It is on your list.", "New ToDo", "ValueError: no key", "Water the plants"):
        assert text in shown(explorer)
    assert "category general" in shown(explorer)
    assert shown(explorer).count("<details>") == 1
    assert explorer.message.startswith("Idle, 3 messages, 2 checkpoints; 1 to-do. Read at ")


async def test_it_says_what_to_give_when_nothing_is_chosen(backend: Backend) -> None:
    explorer = ThreadExplorer(DEPLOYMENT)
    assert "Give a thread" in shown(explorer)
    assert repr(explorer) == "ThreadExplorer: nothing read yet"
    await explorer.refresh()
    assert backend.reads == 0


async def test_a_click_shows_what_is_new(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    backend.messages.append(Message("human", "Thank you."))
    backend.checkpoints.insert(0, Checkpoint("c3", 2, "", 4, [], []))
    explorer.button.click()
    await until(lambda: "Thank you." in shown(explorer))
    assert repr(explorer) == "ThreadExplorer: idle, 4 messages, 3 checkpoints; 1 to-do"


async def test_a_double_click_runs_once_and_the_controls_wait(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    backend.gate.clear()
    explorer.button.click()
    explorer.button.click()
    await until(lambda: backend.reads == 2)
    assert explorer.button.disabled
    assert explorer.thread_field.disabled
    backend.gate.set()
    await explorer.refresh()
    assert backend.reads == 2
    assert not explorer.button.disabled


async def test_another_thread_id_is_read_when_it_is_entered(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    explorer.thread_field.value = " t2 "
    await until(lambda: explorer.thread is not None and explorer.thread.thread_id == "t2")


async def test_a_dead_server_is_said_and_the_last_data_stays(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(url: str) -> None:
        raise DOWN

    explorer = await explorer_of(backend)
    monkeypatch.setattr(module, "require_ready", dead)
    explorer.button.click()
    await until(lambda: explorer.stale)
    assert DOWN.what in explorer.message
    assert "was read before" in explorer.message
    assert explorer.message.endswith("Fix: connect() again")
    assert 'role="status"' in explorer._status.value
    assert "It is on your list." in shown(explorer)
    assert repr(explorer) == "ThreadExplorer: stale; idle, 3 messages, 2 checkpoints; 1 to-do"
    assert not explorer.button.disabled

    monkeypatch.setattr(module, "require_ready", lambda url: None)
    await explorer.refresh()
    assert not explorer.stale


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotFoundError("There is no thread t1 on this server.", "make one"), "no thread t1"),
        (RuntimeError(f"odd {ATTACK}"), "RuntimeError: odd"),
    ],
)
async def test_whatever_fails_is_written_into_the_panel(
    backend: Backend, error: Exception, sentence: str
) -> None:
    backend.error = error
    explorer = await explorer_of(backend)
    assert sentence in explorer.message
    assert "Fix: " in explorer.message
    assert "<script" not in shown(explorer)
    assert explorer.thread is None
    assert not explorer.stale
    assert repr(explorer) == "ThreadExplorer: nothing read yet"


async def test_everything_is_escaped(backend: Backend) -> None:
    backend.messages = [
        Message(ATTACK, ATTACK),
        Message("ai", "", [ToolCall(ATTACK, ATTACK, ATTACK)]),
    ]
    backend.checkpoints = [Checkpoint("c", 0, "", 1, [ATTACK], [ATTACK])]
    backend.todos = [{"task": ATTACK, "deadline": ATTACK, "status": ATTACK}]
    explorer = await ThreadExplorer.load(DEPLOYMENT, "t1", user_id=ATTACK, category=ATTACK)
    for markup in (shown(explorer), static(explorer)):
        assert not {"script", "img"} & set(Markup(markup).tags)
        assert markup.count("&lt;script&gt;") == 12


async def test_terminal_colours_and_control_characters_are_dropped(backend: Backend) -> None:
    backend.messages = [Message("ai", "\x1b[31mred\x1b[0m \x1b]0;title\x07and\x00\r\n\tmore")]
    backend.todos = [{"task": "\x1b[1;32mgreen\x1b[m", "deadline": None, "status": "done"}]
    explorer = await explorer_of(backend)
    for markup in (shown(explorer), static(explorer)):
        assert "red and\n\tmore" in markup
        assert ">green<" in markup


def test_an_unfinished_escape_sequence_swallows_no_markup() -> None:
    assert theme.clean("<p>\x1b]0;a</p><p>b\x07</p>") == "<p>]0;a</p><p>b</p>"


async def test_static_html_shows_the_same_and_needs_nothing(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == repr(explorer)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert explorer._body.value in bundle["text/html"]
    tags = Markup(bundle["text/html"]).tags
    assert {"style", "h3", "h4", "table", "caption", "details"} <= set(tags)
    assert tags.count("table") == tags.count("caption")
    assert not {"script", "link", "iframe", "button"} & set(tags)
    assert "http" not in bundle["text/html"]


async def test_static_html_is_the_same_for_the_same_data(backend: Backend) -> None:
    assert static(await explorer_of(backend)) == static(await explorer_of(backend))


async def test_closing_cancels_what_runs(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    backend.gate.clear()
    explorer.button.click()
    await until(lambda: backend.reads == 2)
    task = explorer._task
    assert task is not None
    explorer.close()
    explorer.close()
    await until(task.done)
    assert task.cancelled()


async def test_a_press_before_closing_does_nothing_after_it(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    explorer.button.click()
    explorer.close()
    await explorer.refresh()
    assert backend.reads == 1


async def test_a_callback_from_another_thread_and_loop(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    backend.messages.append(Message("human", "From elsewhere."))

    async def click() -> None:
        explorer.button.click()

    thread = threading.Thread(target=lambda: asyncio.run(click()))
    thread.start()
    await until(lambda: "From elsewhere." in shown(explorer))
    thread.join()
    assert explorer._task is not None
    assert explorer._task.get_loop() is asyncio.get_running_loop()


# --- The health panel -------------------------------------------------------------------------


GOOD = Finding("Server", True, f"{URL} answers in 5 ms")
BAD = Finding("Server", False, f"nothing answers at {ATTACK}", "run the cell <again>")


async def test_health_is_checked_at_once_and_on_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [[GOOD, GOOD], [GOOD, BAD]]
    asked: list[str] = []

    def findings(url: str) -> list[Finding]:
        asked.append(url)
        return found.pop(0)

    monkeypatch.setattr(health_panel, "server_findings", findings)
    panel = HealthPanel(DEPLOYMENT)
    assert repr(panel) == "HealthPanel: 2 checks, all ok"
    assert panel.message.startswith("2 checks, all ok. Read at")
    panel.button.click()
    panel.button.click()
    await until(lambda: "1 failed: Server." in panel.message)
    assert repr(panel) == "HealthPanel: 2 checks, 1 failed: Server"
    assert asked == [URL, URL]
    for markup in (shown(panel), static(panel)):
        assert ">FAIL</span>" in markup
        assert "run the cell &lt;again&gt;" in markup
        assert not {"script", "img"} & set(Markup(markup).tags)


async def test_a_check_that_breaks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(url: str) -> list[Finding]:
        raise OSError("disk on fire")

    monkeypatch.setattr(health_panel, "server_findings", broken)
    panel = HealthPanel(DEPLOYMENT)
    assert "OSError: disk on fire" in panel.message
    assert repr(panel) == "HealthPanel: nothing checked yet"


# --- The quiz ---------------------------------------------------------------------------------


QUESTIONS = [
    Question(
        "Where do memories live?", ["In the thread", "In the store"], 1, "Every thread sees it."
    ),
    Question(f"What is {ATTACK}?", ["An <b>attack</b>", "A greeting"], 0, "It is & stays text."),
]


def test_a_quiz_answers() -> None:
    quiz = Quiz(QUESTIONS)
    box = quiz.boxes[0]
    assert box.choices.value is None
    box.button.click()
    assert "Choose an answer first." in box._feedback.value
    box.choices.index = 0
    box.button.click()
    assert not box.right
    assert "Not this one." in box._feedback.value
    assert QUESTIONS[0].why not in box._feedback.value
    box.choices.index = 1
    assert "Not this one." not in box._feedback.value
    box.button.click()
    assert box.right
    assert "Right. Every thread sees it." in box._feedback.value
    assert repr(quiz) == "Quiz: 2 questions, 1 right"


def test_a_quiz_on_the_web_folds_its_answers() -> None:
    markup = static(Quiz(QUESTIONS))
    tags = Markup(markup).tags
    assert tags.count("details") == 2
    assert not {"script", "img", "b", "input"} & set(tags)
    before_the_answer = markup.partition("<details>")[0]
    assert "In the thread" in before_the_answer
    assert QUESTIONS[0].why not in before_the_answer


def test_every_check_button_says_which_question_it_is_for() -> None:
    tooltips = [box.button.tooltip for box in Quiz(QUESTIONS).boxes]
    assert tooltips == ["Check the answer to question 1", "Check the answer to question 2"]


@pytest.mark.parametrize(
    ("options", "answer", "sentence"),
    [(["a", "a"], 0, "all different"), (["a"], 0, "at least two"), (["a", "b"], 2, "count from 0")],
)
def test_a_question_that_cannot_work_is_refused(
    options: list[str], answer: int, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Question("Why?", options, answer, "Because.")
