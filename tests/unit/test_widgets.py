"""The panels without a browser and without a server: state, errors, escaping, static HTML."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from langgraph_sdk.client import LangGraphClient

from course_helpers.errors import NotFoundError, ServerError
from course_helpers.findings import Finding
from course_helpers.lanes import Deployment
from course_helpers.markup import SHOWN_ROWS, clean, table
from course_helpers.store import LIMIT, Memories, read_memories
from course_helpers.threads import Checkpoint, Message, ThreadSummary, ThreadView, ToolCall
from course_helpers.widgets import HealthPanel, Question, Quiz, ThreadExplorer, health_panel
from course_helpers.widgets import thread_explorer as module
from course_helpers.widgets.panel import Panel, View
from course_helpers.widgets.timeline import timeline

URL = "http://127.0.0.1:9"  # nothing is ever asked there
DEPLOYMENT = Deployment(URL, "embedded", "a test", "none", "none", "none")
DOWN = ServerError(f"Nothing answers at {URL}: the server has stopped.", "connect() again")
AT = f"{datetime.now().astimezone().replace(hour=7, minute=9):%Y-%m-%dT%H:%M:%S%z}"
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
            Checkpoint("c2", 1, "", 3, [], [], [], "c1", "loop", ["task_maistro"]),
            Checkpoint(
                *("c1", 0, "", 1, ["task_maistro"], ["ValueError: no key"], ["task_maistro"]),
                *("c0", "loop", ["__start__"]),
            ),
            Checkpoint("c0", -1, "", 0, ["__start__"], [], [], "", "input"),
        ]
        self.threads = [
            ThreadSummary("t1", "idle", AT, "Remind me to\n water the plants."),
            ThreadSummary("t2", "busy", "2020-02-03T04:05:06+00:00", "x" * 99),
            ThreadSummary("t3", "error", AT, ""),
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
        return ThreadView(thread_id, "idle", self.messages, self.checkpoints, AT)

    async def list(self, client: object, limit: int) -> list[ThreadSummary]:
        return self.threads[:limit]

    async def memories(self, client: object, user_id: str, category: str) -> Memories:
        return Memories(user_id, self.todos, {"name": "Ann"}, [f"category {category}"])


@pytest.fixture
async def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(module, "require_ready", lambda url: None)
    monkeypatch.setattr(module, "list_threads", backend.list)
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
    assert shown(explorer).count("<details><summary>Tool call") == 1
    assert explorer.message.startswith("Idle, 3 messages, 3 checkpoints; 1 to-do. Read at ")


async def test_it_shows_the_newest_thread_when_none_is_given(backend: Backend) -> None:
    explorer = ThreadExplorer(DEPLOYMENT)
    assert "Press Refresh" in shown(explorer)
    assert repr(explorer) == "ThreadExplorer: no thread yet"
    assert backend.reads == 0
    await explorer.refresh()
    assert explorer.thread is not None
    assert explorer.thread.thread_id == explorer.thread_choice.value == "t1"
    assert explorer.memories is None


async def test_a_server_without_threads(backend: Backend) -> None:
    backend.threads = []
    explorer = await ThreadExplorer.load(DEPLOYMENT, user_id="ann")
    assert explorer.message.startswith("1 to-do. Read at ")
    assert explorer.thread_choice.options == (("Choose a thread", ""),)
    assert backend.reads == 0


async def test_threads_are_offered_by_what_was_said_first(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    assert [label for label, _ in explorer.thread_choice.options] == [
        "Choose a thread",
        "Remind me to water the plants. · idle · 07:09",
        f"{'x' * 39}… · busy · {datetime.fromisoformat(backend.threads[1].updated_at).astimezone():%d %b %H:%M}",
        "(empty) · error · 07:09",
    ]


async def test_a_chosen_thread_is_read(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    explorer.thread_choice.value = "t2"
    await until(lambda: explorer.thread is not None and explorer.thread.thread_id == "t2")
    await explorer.refresh()
    assert explorer.thread_choice.value == "t2"
    assert backend.reads == 3  # filling the dropdown reads nothing


async def test_a_thread_that_is_too_old_for_the_list_is_offered_too(backend: Backend) -> None:
    explorer = await ThreadExplorer.load(DEPLOYMENT, "t99")
    assert explorer.thread_choice.options[-1] == (
        "Remind me to water the plants. · idle · 07:09",
        "t99",
    )
    assert explorer.thread_choice.value == "t99"


async def test_a_thread_that_has_gone_leaves_the_list(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    del backend.threads[0]
    backend.error = NotFoundError("There is no thread t1 on this server.", "make one")
    await explorer.refresh()
    assert explorer.stale
    assert explorer.message.startswith("There is no thread t1 on this server. What you see below")
    assert "choose another thread" in explorer.message
    assert explorer.thread_choice.value == ""
    assert [key for _, key in explorer.thread_choice.options] == ["", "t2", "t3"]
    assert "It is on your list." in shown(explorer)

    backend.error = None
    explorer.thread_choice.value = "t3"
    await until(lambda: explorer.thread is not None and explorer.thread.thread_id == "t3")
    assert not explorer.stale


async def test_a_click_shows_what_is_new(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    backend.messages.append(Message("human", "Thank you."))
    backend.checkpoints.insert(0, Checkpoint("c3", 2, "", 4, [], [], [], "c2", "input"))
    explorer.button.click()
    await until(lambda: "Thank you." in shown(explorer))
    assert repr(explorer) == "ThreadExplorer: idle, 4 messages, 4 checkpoints; 1 to-do"


async def test_a_double_click_runs_once_and_the_controls_wait(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    backend.gate.clear()
    explorer.button.click()
    explorer.button.click()
    await until(lambda: backend.reads == 2)
    assert explorer.button.disabled
    assert explorer.thread_choice.disabled
    backend.gate.set()
    await explorer.refresh()
    assert backend.reads == 2
    assert not explorer.button.disabled


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
    assert repr(explorer) == "ThreadExplorer: stale; idle, 3 messages, 3 checkpoints; 1 to-do"
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
    assert repr(explorer) == "ThreadExplorer: no thread yet"


async def test_everything_is_escaped(backend: Backend) -> None:
    backend.messages = [
        Message(ATTACK, ATTACK),
        Message("ai", "", [ToolCall(ATTACK, ATTACK, ATTACK)]),
    ]
    backend.checkpoints = [
        Checkpoint(ATTACK, 1, ATTACK, 1, [ATTACK], [ATTACK], [ATTACK], "c", "loop", [ATTACK]),
        Checkpoint("c", 0, "", 1, [ATTACK], []),
    ]
    backend.threads = [ThreadSummary("t1", ATTACK, AT, ATTACK)]
    backend.todos = [{"task": ATTACK, "deadline": ATTACK, "status": ATTACK}]
    explorer = await ThreadExplorer.load(DEPLOYMENT, "t1", user_id=ATTACK, category=ATTACK)
    for markup in (shown(explorer), static(explorer)):
        assert not {"script", "img"} & set(Markup(markup).tags)
        assert markup.count("&lt;script&gt;") == 18


async def test_terminal_colours_and_control_characters_are_dropped(backend: Backend) -> None:
    backend.messages = [Message("ai", "\x1b[31mred\x1b[0m \x1b]0;title\x07and\x00\r\n\tmore")]
    backend.todos = [{"task": "\x1b[1;32mgreen\x1b[m", "deadline": None, "status": "done"}]
    explorer = await explorer_of(backend)
    for markup in (shown(explorer), static(explorer)):
        assert "red and\n\tmore" in markup
        assert ">green<" in markup


def test_memories_alone_are_clean_too() -> None:
    todo = {"task": "\x1b[31mred\x1b[0m\x00", "deadline": None, "status": "done"}
    memories = Memories("\x1b[1mann", [todo], {"na\x07me": "\x1b]0;t\x07Ann"}, ["\x1b[2Jrule"])
    for text in ("red", "name", "Ann", "rule"):
        assert f">{text}</td>" in memories._repr_html_()
    assert repr(memories) == "Memories of ann: 1 To-dos, 1 Profile, 1 Instructions"


async def test_a_thread_s_first_words_are_clean_in_the_list(backend: Backend) -> None:
    backend.threads = [ThreadSummary("t2", "idle", AT, "\x1b[31mred\x1b[0m\x00\n words")]
    explorer = await explorer_of(backend)
    assert explorer.thread_choice.options[1] == ("red words · idle · 07:09", "t2")


def test_an_unfinished_escape_sequence_swallows_no_markup() -> None:
    assert clean("<p>\x1b]0;a</p><p>b\x07</p>") == "<p>]0;a</p><p>b</p>"


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


# --- Many things -------------------------------------------------------------------------------


def test_a_long_table_is_cut_and_says_so() -> None:
    memories = Memories("ann", [{"task": f"Task {n}"} for n in range(10_000)])
    markup = memories._repr_html_()
    assert Markup(markup).tags.count("tr") == 1 + SHOWN_ROWS
    assert f"To-dos</strong>: showing {SHOWN_ROWS} of 10,000" in markup
    assert "the store holds more" not in markup
    assert "showing" not in table("T", [{"a": "b"}] * SHOWN_ROWS)


def test_memories_that_were_not_all_read_say_so() -> None:
    memories = Memories("ann", [{"task": "a"}], truncated=True)
    assert f"The first {LIMIT:,} of a kind; the store holds more." in memories._repr_html_()
    assert repr(memories).endswith("; the store holds more")


class Store:
    """A store's search over a user's to-dos, of which every tenth is in a longer namespace.

    It sends no more than `most` items at once, whatever it is asked for.
    """

    def __init__(self, items: int, most: int) -> None:
        self.store, self._items, self._most = self, range(items), most

    async def search_items(self, where: list[str], limit: int, offset: int) -> dict[str, Any]:
        numbers = self._items[offset : offset + min(limit, self._most)]
        longer = [*where, "work"]
        items = [
            {"namespace": where if n % 10 else longer, "value": {"task": f"Task {n}"}}
            for n in numbers
        ]
        return {"items": items if where[0] == "todo" else []}


@pytest.mark.parametrize("most", [7, 100_000])
async def test_all_memories_are_read_whatever_a_page_holds(most: int) -> None:
    memories = await read_memories(cast(LangGraphClient, Store(2_000, most)), "ann")
    assert not memories.truncated
    assert {todo["task"] for todo in memories.todos} == {
        f"Task {n}" for n in range(2_000) if n % 10
    }


@pytest.mark.parametrize(
    ("items", "read", "truncated"), [(10_000, 9_000, False), (50_000, 9_900, True)]
)
async def test_reading_memories_ends(items: int, read: int, truncated: bool) -> None:
    memories = await read_memories(cast(LangGraphClient, Store(items, 1_000)), "ann")
    assert memories.truncated is truncated
    assert len(memories.todos) == read


async def test_a_long_thread_is_cut_and_says_so(backend: Backend) -> None:
    backend.messages = [Message("human", f"Message {n}.") for n in range(500)]

    async def long_thread(client: object, thread_id: str) -> ThreadView:
        return ThreadView(thread_id, "idle", backend.messages, backend.checkpoints, AT, more=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_thread", long_thread)
        explorer = await explorer_of(backend)
    assert shown(explorer).count('class="course-turn') == 100
    assert "Showing the last 100 of 500 turns." in shown(explorer)
    assert "Message 499." in shown(explorer)
    assert "Message 399." not in shown(explorer)
    assert "3 checkpoints (the thread has older ones)" in explorer.message


# --- The timeline -----------------------------------------------------------------------------


def words(markup: str) -> str:
    """Return a timeline as its words: lines by |, steps by comma."""
    lines = re.findall(r'<li><ol role="list">(.*?)</ol></li>', markup, re.S)
    steps = [re.findall(r"<summary>.*?</summary>|<span>.*?</span></li>", line) for line in lines]
    return " | ".join(", ".join(re.sub("<.*?>", "", s) for s in line) for line in steps)


RUN = [
    Checkpoint("i", -1, "", 0, ["__start__"], [], [], "", "input"),
    Checkpoint("s", 0, "", 1, ["a"], [], [], "i", "loop", ["__start__"]),
    Checkpoint("a", 1, "", 2, ["b", "c"], [], [], "s", "loop", ["a"]),
]
END = Checkpoint("e", 2, "", 3, [], [], [], "a", "loop", ["b", "c"])
FAILED = replace(RUN[2], errors=["KeyError('x')"], failed=["c"])
AGAIN = Checkpoint("i2", 3, "", 3, ["__start__"], [], [], "e", "input")
EDIT = Checkpoint("u", 3, "", 3, ["a"], [], [], "e", "update")
FORK = Checkpoint("f", 2, "", 3, ["b"], [], [], "s", "fork")


@pytest.mark.parametrize(
    ("checkpoints", "picture"),
    [
        ([*RUN, END], "input, __start__, a, b + c, end"),
        ([*RUN], "input, __start__, a, next: b, c"),
        ([*RUN[:2], FAILED], "input, __start__, a, error in c"),
        ([*RUN[:2], FAILED, END], "input, __start__, a, error in c, b + c, end"),
        ([*RUN, END, AGAIN], "input, __start__, a, b + c, end | input, next: __start__"),
        ([*RUN, END, EDIT], "input, __start__, a, b + c, update_state, next: a"),
        ([*RUN, END, FORK], "input, __start__, a, b + c, end | fork, next: b"),
        ([replace(RUN[2], ran=[]), END], "step 1, b + c, end"),
    ],
)
def test_the_timeline_of_a_thread(checkpoints: list[Checkpoint], picture: str) -> None:
    markup = timeline(checkpoints[::-1])
    assert words(markup) == picture
    assert "div" not in Markup(markup).tags


def test_a_step_unfolds_to_its_checkpoint() -> None:
    markup = timeline([FAILED])
    assert "Checkpoint: a" in markup
    assert "Next: b, c" in markup
    assert "<pre>KeyError(&#x27;x&#x27;)</pre>" in markup
    assert '<span class="fail">error</span>' in markup


def test_a_thread_without_checkpoints_and_one_with_more() -> None:
    assert timeline([]) == "<p>No checkpoint was saved yet.</p>"
    assert "Only the newest 1: the thread has older ones." in timeline([END], more=True)


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
