"""The thread explorer's controls and what it shows live, without a browser and a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from course_helpers.core.errors import CourseError, ServerError
from course_helpers.server.checkpoints import Checkpoint, Page, joined
from course_helpers.server.messages import Message
from course_helpers.server.thread_actions import Started
from course_helpers.server.thread_stream import StreamEvent
from course_helpers.server.threads import ThreadView, read_older
from course_helpers.widgets import ThreadExplorer, live_stream, server_panel, thread_explorer
from course_helpers.widgets.conversation import INTERVAL, LiveTurn
from course_helpers.widgets.thread_controls import ThreadControls
from course_helpers.widgets.thread_fields import Draft
from tests.unit.widgets.widget_backend import (
    AT,
    ATTACK,
    DEPLOYMENT,
    DOWN,
    Backend,
    Markup,
    explorer_of,
    shown,
    until,
)

SAID = StreamEvent("said", f"Hello {ATTACK}")
STEP = StreamEvent("step", messages=[Message("human", "New words.")])


class Stage:
    """Stands in for the server's streams and for what changes a thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: asyncio.Queue[StreamEvent | Exception] = asyncio.Queue()
        self.followed: list[str] = []
        self.calls: list[tuple[Any, ...]] = []
        self.answer: Started | Exception = Started("t1", "r1")
        self.answers = asyncio.Event()  # whether the server has begun to answer
        self.answers.set()
        monkeypatch.setattr(live_stream, "thread_events", self.thread_stream)
        monkeypatch.setattr(live_stream, "run_events", self.stream)
        for name in ("send", "fork", "approve", "edit", "copy", "delete"):
            monkeypatch.setattr(thread_explorer.actions, name, self._action(name))

    async def thread_stream(
        self, url: str, thread_id: str, held: Callable[[], object]
    ) -> AsyncGenerator[StreamEvent]:
        await self.answers.wait()
        held()
        async with aclosing(self.stream(url, thread_id)) as events:
            async for event in events:
                yield event

    async def stream(self, url: str, *ids: str) -> AsyncGenerator[StreamEvent]:
        self.followed.append(" ".join(ids))
        try:
            while True:
                event = await self.events.get()
                if isinstance(event, Exception):
                    raise event
                yield event
                if event.kind == "ended" and len(ids) == 2:
                    return
        finally:
            self.followed.remove(" ".join(ids))

    def _action(self, name: str) -> Any:
        async def act(client: object, *arguments: Any) -> Started:
            self.calls.append((name, *arguments))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return act

    def tell(self, *events: StreamEvent | Exception) -> None:
        for event in events:
            self.events.put_nowait(event)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, backend: Backend) -> Stage:
    return Stage(monkeypatch)


def ended() -> StreamEvent:
    return StreamEvent("ended")


async def test_live_shows_what_happens_on_the_thread(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    assert stage.followed == []
    explorer.follow.value = True
    await until(lambda: stage.followed == ["t1"])
    await until(lambda: explorer.message.startswith("Live: "))
    stage.tell(StreamEvent("began"), STEP, SAID)
    await until(lambda: "Hello &lt;script&gt;" in explorer.live.value)
    assert explorer.message == "A run is under way."
    assert "New words." in shown(explorer)
    assert not {"script", "img"} & set(Markup(explorer.live.value).tags)
    assert 'aria-live="off"' in explorer.live.value
    assert 'role="status"' not in explorer.live.value
    stage.tell(ended())
    await until(lambda: explorer.message.startswith("The run has ended. Idle, 3 messages"))
    assert explorer.live.value == ""
    explorer.follow.value = False
    await until(lambda: explorer.message == "Live is off.")
    await until(lambda: stage.followed == [])


async def test_live_is_said_when_the_stream_is_held(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    before = explorer.message
    stage.answers.clear()
    explorer.follow.value = True
    await until(lambda: explorer._live.stream.task is not None)
    for _ in range(50):  # whatever could be said is said within these turns of the loop
        await asyncio.sleep(0)
    assert explorer.message == before
    stage.answers.set()
    await until(lambda: explorer.message.startswith("Live: "))


async def test_live_goes_along_with_the_chosen_thread(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    explorer.follow.value = True
    await until(lambda: stage.followed == ["t1"])
    explorer.thread_choice.value = "t2"
    await until(lambda: stage.followed == ["t2"])
    explorer.close()
    await until(lambda: stage.followed == [])


async def test_live_tells_that_the_server_went_away(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    explorer.follow.value = True
    await until(lambda: explorer.message.startswith("Live: "))
    stage.tell(StreamEvent("away"))
    await until(lambda: explorer.message.startswith("The server does not answer."))
    assert explorer.stale
    stage.tell(StreamEvent("back"))
    await until(lambda: explorer.message.startswith("The server is back. Idle"))
    assert not explorer.stale


@pytest.mark.parametrize("error", [ServerError("It refuses.", "wait"), RuntimeError("It refuses.")])
async def test_live_ends_with_a_reason(backend: Backend, stage: Stage, error: Exception) -> None:
    explorer = await explorer_of(backend)
    explorer.follow.value = True
    await until(lambda: explorer.message.startswith("Live: "))
    stage.tell(error)
    await until(lambda: not explorer.follow.value)
    assert "It refuses." in explorer.message
    assert "Fix: " in explorer.message


async def test_a_message_is_sent_as_the_shown_user(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    explorer.follow.value = True
    await until(lambda: stage.followed == ["t1"])
    field, send = explorer.controls.message, explorer.controls.send
    field.value = "Hello."
    send.click()
    send.click()
    await until(lambda: stage.followed == ["t1 r1"])  # instead of the thread's stream
    assert stage.calls == [("send", "t1", "Hello.", {"user_id": "ann", "todo_category": "general"})]
    assert send.disabled
    assert explorer.button.disabled
    assert field.value == ""
    field.value = "The next one."
    stage.tell(SAID, ended())
    await until(lambda: not send.disabled)
    assert len(stage.calls) == 1
    assert field.value == "The next one."
    assert explorer.message.startswith("The run has ended. Idle")
    await until(lambda: stage.followed == ["t1"])
    explorer.close()


@pytest.mark.parametrize(
    ("error", "stale"),
    [
        (CourseError("The thread is busy.", "wait"), False),
        (ServerError("It has gone.", "start it"), True),
        (RuntimeError(ATTACK), True),
    ],
)
async def test_what_was_typed_is_not_lost(
    backend: Backend, stage: Stage, error: Exception, stale: bool
) -> None:
    explorer = await explorer_of(backend)
    stage.answer = error
    explorer.controls.message.value = "Hello."
    await explorer.send("Hello.")
    assert explorer.controls.message.value == "Hello."
    assert "Fix: " in explorer.message
    assert explorer.stale is stale
    assert "<script" not in shown(explorer)
    assert not explorer.controls.send.disabled


async def test_a_dead_server_keeps_what_was_typed(
    backend: Backend, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(url: str) -> None:
        raise DOWN

    explorer = await explorer_of(backend)
    monkeypatch.setattr(server_panel, "require_ready", dead)
    explorer.controls.words.value = "Other words."
    explorer.controls.fork.click()
    await until(lambda: explorer.stale)
    await until(lambda: explorer.controls.words.value == "Other words.")
    assert stage.calls == []


async def test_a_failed_run_is_told(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    stage.tell(StreamEvent("failed", f"ValueError: {ATTACK}"), ended())
    await explorer.send("Hello.")
    assert explorer.message.startswith("The run failed: ValueError: <script>")
    assert explorer.controls.message.value == "Hello."
    assert "<script" not in shown(explorer)


async def test_a_copy_is_shown_and_a_deletion_confirmed(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    stage.answer = Started("t3")
    await explorer.copy()
    assert explorer.thread_choice.value == "t3"
    stage.answer = Started("")
    delete = explorer.controls.delete
    delete.click()
    await until(lambda: delete.description == "Really delete?")
    await explorer.refresh()
    assert delete.description == "Delete"
    delete.click()
    await until(lambda: delete.description == "Really delete?")
    delete.click()
    await until(lambda: explorer.message.startswith("The thread is deleted."))
    assert [call[:2] for call in stage.calls] == [("copy", "t1"), ("delete", "t3")]
    assert explorer.thread is None


async def test_closing_ends_what_runs(backend: Backend, stage: Stage) -> None:
    explorer = await explorer_of(backend)
    sending = asyncio.create_task(explorer.send("Hello."))
    await until(lambda: stage.followed == ["t1 r1"])
    explorer.close()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert stage.followed == []


# --- The parts ---------------------------------------------------------------------------------

WAITING = Checkpoint("c9", 1, "", 2, ["update_todos"], [], said="Call Bob.")
VIEW = ThreadView("t1", "interrupted", [Message("human", "Call Bob.")], [WAITING], AT)


def test_controls_show_only_what_applies() -> None:
    controls = ThreadControls()
    _, waits, travel = controls.rows
    assert waits.layout.display == travel.layout.display == "none"
    controls.show(VIEW)
    assert waits.layout.display is travel.layout.display is None
    assert "stopped before <code>update_todos</code>" in controls.question.value
    assert controls.answer.value == controls.words.value == "Call Bob."
    assert controls.checkpoint_choice.options == (("step 1 · next: update_todos", "c9"),)
    controls.show(replace(VIEW, status="busy"))
    assert waits.layout.display == "none"
    assert controls.question.value == ""


def test_a_question_is_only_text() -> None:
    controls = ThreadControls()
    asks = replace(WAITING, next=[ATTACK], asked=[ATTACK], said=ATTACK)
    controls.show(replace(VIEW, checkpoints=[asks]))
    assert not {"script", "img"} & set(Markup(controls.question.value).tags)
    assert controls.question.value.count("&lt;script&gt;") == 2
    assert controls.answer.value == ""


def test_a_chosen_checkpoint_stays_chosen_and_typed_words_stay() -> None:
    controls = ThreadControls()
    first = replace(WAITING, id="c0", said="Other.")
    controls.show(replace(VIEW, checkpoints=[WAITING, first]))
    controls.checkpoint_choice.value = "c0"
    assert controls.words.value == "Other."
    controls.words.value = "My own."
    controls.show(replace(VIEW, checkpoints=[replace(WAITING, id="new"), WAITING, first]))
    assert controls.checkpoint_choice.value == "c0"
    assert controls.words.value == "My own."


def test_a_draft() -> None:
    draft = Draft("Name", "hint")
    draft.offer("offered")
    assert draft.take() == "offered"
    draft.give_back("offered")
    draft.offer("other")
    assert draft.value == "offered"


async def test_tokens_are_drawn_at_a_pace() -> None:
    live, drawn = LiveTurn(asyncio.get_running_loop()), list[str]()
    live.observe(lambda change: drawn.append(change["new"]), "value")
    for n in range(200):
        live.show("word " * n + "end")
        await asyncio.sleep(0)
    assert len(drawn) < 4
    assert ">end<" in drawn[0]
    await until(lambda: live.value.count("word") == 199)
    live.show("more")
    live.clear()
    await asyncio.sleep(INTERVAL)
    assert live.value == ""
    live.show("x" * 10_000)
    assert len(live.value) < 5_000


async def test_a_long_conversation_has_pages(backend: Backend) -> None:
    backend.messages = [Message("human", f"Message {n}.") for n in range(250)]
    explorer = await explorer_of(backend)
    for button, words, absent in (
        (explorer.earlier, "Showing turns 51 to 150 of 250.", "Message 150."),
        (explorer.earlier, "Showing turns 1 to 50 of 250.", "Message 50."),
        (explorer.later, "Showing turns 51 to 150 of 250.", "Message 0."),
    ):
        button.click()
        await until(lambda words=words: words in shown(explorer))  # type: ignore[misc]
        assert absent not in explorer._body.value
    assert not explorer.earlier.disabled
    assert "the last 100 of 250 turns" in explorer.static_html()


async def test_older_checkpoints_come_page_by_page(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = Checkpoint("b9", -2, "", 0, ["talk"], [], said="Before.")
    asked: list[tuple[int, str]] = []

    async def page(client: object, thread_id: str, limit: int, before: str) -> Page:
        asked.append((limit, before))
        return Page([older])

    monkeypatch.setattr("course_helpers.server.threads.read_page", page)
    first = [replace(backend.checkpoints[0], id="c1", parent_id="b9", messages=999)]
    view = await read_older(None, ThreadView("t1", "idle", [], first, AT, more=True))  # type: ignore[arg-type]
    assert asked == [(20, "c1")]
    assert [c.id for c in view.checkpoints] == ["c1", "b9"]
    assert view.checkpoints[0].ran == ["talk"]
    assert not view.more
    again = ThreadView("t1", "idle", [], first, AT, more=True)
    assert again.after(view).checkpoints == view.checkpoints
    assert again.after(replace(view, thread_id="t2")) is again


def test_a_page_tells_what_made_the_newer_ones() -> None:
    older = [Checkpoint("b", 0, "", 1, ["talk", "walk"], [])]
    newer = [Checkpoint("c", 1, "", 2, [], [], parent_id="b"), Checkpoint("f", 1, "", 2, [], [])]
    assert [list(c.ran) for c in joined(newer, older)] == [["talk", "walk"], [], []]


async def test_a_new_thread_is_chosen_without_reading_one(backend: Backend) -> None:
    explorer = await ThreadExplorer.load(DEPLOYMENT, "t1")
    explorer.thread_choice.value = "new"
    await until(lambda: explorer.thread is None)
    assert backend.reads == 1
