"""The thread explorer changes real threads, shows runs as they go, and outlives its server."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from ipywidgets import Button  # type: ignore[import-untyped]

from course_helpers.core.settings import load_settings
from course_helpers.lanes import Deployment
from course_helpers.practice.relay import PracticeLine
from course_helpers.server import dev_server
from course_helpers.server.dev_server import DevServer, start_dev_server
from course_helpers.widgets import ThreadExplorer
from tests.unit.widgets.widget_backend import shown

pytestmark = pytest.mark.server

SLOWLY = "Be brief. Speak at 15 tokens per second."
WATER, CAT = "Remind me to water the plants.", "Remind me to feed the cat."


def says(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


@asynccontextmanager
async def explorer_of(
    server: Deployment, thread_id: str | None = None, user_id: str | None = None
) -> AsyncIterator[ThreadExplorer]:
    explorer = await ThreadExplorer.load(server, thread_id, user_id)
    yield explorer
    explorer.close()


async def new_thread(server: Deployment) -> str:
    async with server.client as client:
        return str((await client.threads.create(graph_id="task_maistro"))["thread_id"])


async def until(explorer: ThreadExplorer, condition: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(15):
            while not condition():  # noqa: ASYNC110 - it changes in a widget's trait
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"not within 15 s; the panel says: {explorer.message}")


async def press(explorer: ThreadExplorer, button: Button) -> None:
    """Press a button that changes the thread, and wait until that is done."""
    button.click()
    await until(explorer, lambda: explorer._live.changing)
    await until(explorer, lambda: not explorer._live.changing)


def turns(explorer: ThreadExplorer) -> list[str]:
    assert explorer.thread is not None
    return [message.text for message in explorer.thread.messages if message.text]


def lines(explorer: ThreadExplorer) -> int:
    """Return how many lines the timeline has."""
    return explorer._display.steps.value.count('<li><ol role="list">')


async def test_tokens_of_another_client_appear_as_they_stream(server: Deployment) -> None:
    thread_id = await new_thread(server)
    async with explorer_of(server, thread_id, "live-ann") as explorer, server.client as client:
        seen: list[str] = []
        explorer.live.observe(lambda change: seen.append(change["new"]), "value")
        explorer.follow.value = True
        await until(explorer, lambda: explorer.message.startswith("Live: "))
        context = {"user_id": "live-ann", "task_maistro_role": SLOWLY}
        run = client.runs.stream(
            thread_id, "task_maistro", input=says(WATER), context=context,
            stream_mode=["messages-tuple", "values"],
        )  # fmt: skip
        assert [part async for part in run]
        await until(explorer, lambda: explorer.message.startswith("The run has ended."))
    texts = [markup.split('course-text">')[1] for markup in seen if markup]
    assert len(texts) >= 3
    assert texts[0].startswith("I<")
    assert texts[-1].startswith("I added “Water the")
    assert explorer.live.value == ""
    assert turns(explorer) == [WATER, "I added “Water the plants”."]
    assert "1 to-do" in explorer.message


async def test_a_run_without_tokens_shows_its_steps(server: Deployment) -> None:
    thread_id = await new_thread(server)
    async with explorer_of(server, thread_id) as explorer, server.client as client:
        explorer.follow.value = True
        await until(explorer, lambda: explorer.message.startswith("Live: "))
        pictures: list[str] = []
        explorer._body.observe(lambda change: pictures.append(change["new"]), "value")
        context = {"user_id": "live-bob", "task_maistro_role": SLOWLY}
        await client.runs.wait(thread_id, "task_maistro", input=says(WATER), context=context)
        await until(explorer, lambda: explorer.message.startswith("The run has ended."))
        assert "not answered yet" in "".join(pictures)
        assert "I added" not in pictures[0]
        explorer.follow.value = False
        await until(explorer, lambda: explorer.message == "Live is off.")
        assert explorer._live.stream.task is None


async def test_a_failing_run_is_told(server: Deployment) -> None:
    thread_id = await new_thread(server)
    async with explorer_of(server, thread_id, "x\0y") as explorer:
        await explorer.send("Hello.")
        assert explorer.message.startswith("The run failed: ValueError: user_id=")
        assert explorer.controls.message.value == "Hello."


async def test_a_message_begins_a_thread_and_the_user_is_the_shown_one(server: Deployment) -> None:
    async with explorer_of(server, user_id="sender") as explorer:
        explorer.thread_choice.value = "new"
        explorer.controls.message.value = WATER
        await press(explorer, explorer.controls.send)
        assert explorer.message.startswith("The run has ended. Idle, 4 messages, ")
        assert explorer.memories is not None
        assert [todo["task"] for todo in explorer.memories.todos] == ["Water the plants"]
        assert explorer.controls.message.value == ""
        first = explorer.thread_choice.value
        await explorer.send("What is on my list?")
        assert explorer.thread_choice.value == first
        assert turns(explorer)[-1] == "No deadline:\n- Water the plants"
        await explorer.send("  ")
        assert explorer.message.startswith("There is no text yet.")
        assert not explorer.stale


async def test_a_fork_goes_another_way_and_the_old_one_stays(server: Deployment) -> None:
    async with explorer_of(server, user_id="forker") as explorer:
        explorer.thread_choice.value = "new"
        await explorer.send(WATER)
        assert explorer.thread is not None
        before = [checkpoint.id for checkpoint in explorer.thread.checkpoints]
        [place] = [c.id for c in explorer.thread.checkpoints if c.ran == ["__start__"]]
        assert lines(explorer) == 1
        explorer.checkpoint_choice.value = place
        assert explorer.controls.words.value == WATER
        explorer.controls.words.value = CAT
        await press(explorer, explorer.controls.fork)
        assert turns(explorer) == [CAT, "I added “Feed the cat”."]
        assert {c.id for c in explorer.thread.checkpoints} > set(before)
        assert lines(explorer) == 2
        await explorer.fork(before[0], "Thank you.")  # the end of a run: a new message from there
        assert turns(explorer)[:3] == [WATER, "I added “Water the plants”.", "Thank you."]
        assert lines(explorer) == 3
        await explorer.fork("no-such-checkpoint", "Hello.")
        assert explorer.message.startswith("The thread has no checkpoint 'no-such-checkpoint'.")


async def test_a_fork_after_two_nodes_at_once(server: Deployment) -> None:
    async with explorer_of(server, user_id="both") as explorer:
        explorer.thread_choice.value = "new"
        await explorer.send(f"{WATER} My name is Ann.")
        assert explorer.thread is not None
        [place] = [c.id for c in explorer.thread.checkpoints if len(c.ran) == 2]
        await explorer.fork(place, "What is my name?")
        assert explorer.message.startswith("The run has ended. Idle, ")
        assert turns(explorer)[0] == "What is my name?"


@pytest.mark.parametrize(("text", "task"), [("", "Water the plants"), (CAT, "Feed the cat")])
async def test_a_run_that_stopped_is_approved_or_edited(
    server: Deployment, text: str, task: str
) -> None:
    thread_id, user_id = await new_thread(server), f"waiting {task}"
    async with server.client as client:
        await client.runs.wait(
            thread_id, "task_maistro", input=says(WATER), context={"user_id": user_id},
            interrupt_before=["update_todos"],
        )  # fmt: skip
    async with explorer_of(server, thread_id, user_id) as explorer:
        assert explorer.thread is not None
        assert explorer.thread.waiting
        assert "stopped before <code>update_todos</code>" in shown(explorer)
        if text:
            explorer.controls.answer.value = text
            await press(explorer, explorer.controls.edit)
        else:
            await press(explorer, explorer.controls.approve)
        assert explorer.message.startswith("The run has ended. Idle, 4 messages, ")
        assert explorer.memories is not None
        assert [todo["task"] for todo in explorer.memories.todos] == [task]
        assert turns(explorer) == [text or WATER, f"I added “{task}”."]
        assert "stopped before" not in shown(explorer)
        await explorer.approve()
        assert explorer.message.startswith("This thread waits for nothing.")


async def test_a_thread_is_copied_and_the_copy_deleted(server: Deployment) -> None:
    async with explorer_of(server, user_id="copier") as explorer:
        await explorer.send(WATER)
        original, said = explorer.thread_choice.value, turns(explorer)
        await explorer.copy()
        copy = explorer.thread_choice.value
        assert explorer.message.startswith("This is the copy;")
        assert copy != original
        assert turns(explorer) == said
        explorer.controls.delete.click()
        await until(explorer, lambda: explorer.controls.delete.description == "Really delete?")
        await press(explorer, explorer.controls.delete)
        assert explorer.message.startswith("The thread is deleted.")
        offered = [key for _, key in explorer.thread_choice.options]
        assert copy not in offered
        assert original in offered
        assert explorer.thread is None


# --- The server goes away ---------------------------------------------------------------------


async def test_a_broken_line_loses_no_token(server: Deployment) -> None:
    async with PracticeLine(server.url) as line, server.client as client:
        explorer = await ThreadExplorer.load(
            replace(server, url=line.url), await new_thread(server)
        )
        seen: list[str] = []
        explorer.live.observe(lambda change: seen.append(change["new"]), "value")
        explorer.follow.value = True
        await until(explorer, lambda: explorer.message.startswith("Live: "))
        run = await client.runs.create(
            explorer.thread_choice.value, "task_maistro", input=says("What can you do?"),
            context={"task_maistro_role": SLOWLY}, stream_mode=["messages-tuple", "values"],
            stream_resumable=True,
        )  # fmt: skip
        await until(explorer, lambda: "I am" in explorer.live.value)
        line.cut()
        await until(explorer, lambda: explorer.message.startswith("The server does not answer."))
        assert explorer.stale
        await explorer.send("Hello?")
        assert explorer.message.startswith(f"Nothing answers at {line.url}")
        assert explorer.controls.message.value == "Hello?"
        await line.mend()
        await until(explorer, lambda: explorer.message.startswith("The run has ended. Idle, 2 "))
        await client.runs.join(run["thread_id"], run["run_id"])
        assert not explorer.stale
        assert "What is due this week?" in turns(explorer)[-1]
        assert explorer.follow.value
        explorer.close()


async def test_a_run_of_its_own_goes_on_after_a_broken_line(server: Deployment) -> None:
    async with PracticeLine(server.url) as line:
        explorer = await ThreadExplorer.load(
            replace(server, url=line.url), await new_thread(server)
        )
        seen: list[str] = []
        explorer.live.observe(lambda change: seen.append(change["new"]), "value")
        explorer.controls.message.value = "What can you do?"
        slow = {"task_maistro_role": SLOWLY}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ThreadExplorer, "_context", slow)
            sending = asyncio.create_task(explorer.send("What can you do?"))
            await until(explorer, lambda: "I am" in explorer.live.value)
            assert explorer.controls.send.disabled
            line.cut()
            await until(explorer, lambda: "does not answer" in explorer.message)
            await line.mend()
            await sending
        said = [markup.split('course-text">')[1].split("<")[0] for markup in seen if markup]
        assert all(later.startswith(earlier) for earlier, later in pairwise(said))
        assert "What is due this" in said[-1]  # what was said meanwhile came too
        assert explorer.message.startswith("The run has ended. Idle, 2 messages, ")
        assert not explorer.controls.send.disabled
        explorer.close()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Callable[[], DevServer]]:
    """Yield a function that starts a server with `asking_graph.py`."""
    shutil.copy(Path(__file__).with_name("asking_graph.py"), tmp_path)
    config = {"dependencies": ["."], "graphs": {"task_maistro": "./asking_graph.py:graph"}}
    (tmp_path / "langgraph.json").write_text(json.dumps(config))
    started: list[DevServer] = []

    def start() -> DevServer:
        started.append(start_dev_server(tmp_path, load_settings()))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def kill(server: DevServer) -> None:
    process = psutil.Process(server.pid)
    family = [*process.children(recursive=True), process]
    for member in family:
        member.kill()
    psutil.wait_procs(family, timeout=10)


async def test_a_question_is_answered_and_the_server_starts_again(
    asking: Callable[[], DevServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = asking()
    deployment = Deployment(server.url, "embedded", "a test", "langgraph dev", "none", "none")
    async with explorer_of(deployment) as explorer:
        await explorer.send("Dear all")
        assert "<code>ask</code> asks:" in shown(explorer)
        assert "Send it?" in shown(explorer)
        await explorer.edit("not yet")
        assert turns(explorer)[-1] == "The answer was 'not yet'."
        await explorer.send("Dear Ann")
        await explorer.approve()
        assert turns(explorer)[-1] == "The answer was True."

        explorer.follow.value = True
        await until(explorer, lambda: explorer.message.startswith("Live: "))
        await asyncio.to_thread(kill, server)
        await until(explorer, lambda: explorer.message.startswith("The server does not answer."))
        monkeypatch.setattr(dev_server, "free_port", lambda: int(server.url.rpartition(":")[2]))
        await asyncio.to_thread(asking)
        await until(explorer, lambda: explorer.message.startswith("There is no thread "))
        assert not explorer.follow.value
        assert turns(explorer)[-1] == "The answer was True."  # of the old server, and it says so
        assert explorer.stale
        await explorer.send("Dear Bob")
        assert explorer.message.startswith("The run has ended. Interrupted, 1 message, ")
