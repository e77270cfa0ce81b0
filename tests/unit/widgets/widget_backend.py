"""What the panels' tests share: a stand-in for the server, and ways to look at a panel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from html.parser import HTMLParser

from ipywidgets import HTML, Box, Widget  # type: ignore[import-untyped]

from course_helpers.core.errors import ServerError
from course_helpers.lanes import Deployment
from course_helpers.server.checkpoints import Checkpoint
from course_helpers.server.memories import Memories
from course_helpers.server.messages import Message, ToolCall
from course_helpers.server.threads import ThreadSummary, ThreadView
from course_helpers.widgets import ThreadExplorer
from course_helpers.widgets.panel import Panel, View

URL = "http://127.0.0.1:9"  # nothing is ever asked there
DEPLOYMENT = Deployment(URL, "embedded", "a test", "none", "none", "none")
DOWN = ServerError(f"Nothing answers at {URL}: the server has stopped.", "connect() again")
AT = f"{datetime.now().astimezone().replace(hour=7, minute=9):%Y-%m-%dT%H:%M:%S%z}"
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Backend:
    """A stand-in for the server: what it holds, how it answers, and what it was asked."""

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


async def explorer_of(backend: Backend) -> ThreadExplorer:
    return await ThreadExplorer.load(DEPLOYMENT, "t1", user_id="ann")


def shown(panel: Panel) -> str:
    """Return everything that the panel's widgets show."""
    return "".join(part.value for part in parts_of(panel) if isinstance(part, HTML))


def parts_of(box: Box) -> Iterator[Widget]:
    """Yield the widgets of a panel that are not hidden."""
    for child in box.children:
        if child.layout.display != "none":
            yield from parts_of(child) if isinstance(child, Box) else [child]


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
