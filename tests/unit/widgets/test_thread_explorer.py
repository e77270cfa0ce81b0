"""The thread explorer without a browser and without a server: state, errors, escaping."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime

import pytest

from course_helpers.core.errors import NotFoundError
from course_helpers.core.markup import clean
from course_helpers.server.checkpoints import Checkpoint
from course_helpers.server.memories import Memories
from course_helpers.server.messages import Message, ToolCall
from course_helpers.server.threads import ThreadSummary
from course_helpers.widgets import ThreadExplorer, server_panel
from tests.unit.widgets.widget_backend import (
    AT,
    ATTACK,
    DEPLOYMENT,
    DOWN,
    Backend,
    Markup,
    explorer_of,
    shown,
    static,
    until,
)


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
    assert explorer.thread_choice.options == (("Choose a thread", ""), ("A new thread", "new"))
    assert backend.reads == 0


async def test_threads_are_offered_by_what_was_said_first(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    assert [label for label, _ in explorer.thread_choice.options] == [
        "Choose a thread",
        "A new thread",
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
    assert [key for _, key in explorer.thread_choice.options] == ["", "new", "t2", "t3"]
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
    monkeypatch.setattr(server_panel, "require_ready", dead)
    explorer.button.click()
    await until(lambda: explorer.stale)
    assert DOWN.what in explorer.message
    assert "was read before" in explorer.message
    assert explorer.message.endswith("Fix: connect() again")
    assert 'role="status"' in explorer._status.value
    assert "It is on your list." in shown(explorer)
    assert repr(explorer) == "ThreadExplorer: stale; idle, 3 messages, 3 checkpoints; 1 to-do"
    assert not explorer.button.disabled

    monkeypatch.setattr(server_panel, "require_ready", lambda url: None)
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
    assert explorer.thread_choice.options[2] == ("red words · idle · 07:09", "t2")


def test_an_unfinished_escape_sequence_swallows_no_markup() -> None:
    assert clean("<p>\x1b]0;a</p><p>b\x07</p>") == "<p>]0;a</p><p>b</p>"


async def test_static_html_shows_the_same_and_needs_nothing(backend: Backend) -> None:
    explorer = await explorer_of(backend)
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == repr(explorer)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    for turn in ("Remind me to water the plants.", "New ToDo", "Water the plants", "no key"):
        assert turn in bundle["text/html"]
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
