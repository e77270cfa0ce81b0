"""The timeline of a thread's runs without a server: what is read, what is drawn, what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError

from course_helpers.core.errors import NotFoundError
from course_helpers.server.runs import RUNS, RunView, read_runs
from course_helpers.widgets import RunTimeline, server_panel
from course_helpers.widgets.run_timeline import runs_html
from tests.unit.widgets.widget_backend import ATTACK, DEPLOYMENT, DOWN, Markup, shown, static, until

ZERO = datetime(2026, 3, 4, 9, tzinfo=UTC)
READ_AT = ZERO + timedelta(seconds=20)


def at(seconds: float) -> str:
    return (ZERO + timedelta(seconds=seconds)).isoformat()


def not_found() -> SdkNotFoundError:
    response = httpx.Response(404, request=httpx.Request("GET", "http://127.0.0.1:9"))
    return SdkNotFoundError("Not Found", response=response, body=None)


class Server:
    """A stand-in for the SDK's client and its parts, with the runs of one thread."""

    def __init__(self) -> None:
        self.runs = self.threads = self
        self.listed: list[dict[str, Any]] = []
        self.checkpoints: list[tuple[str, str, str]] = []  # run, source, time; the newest last
        self.asked: list[tuple[dict[str, str], int]] = []
        self.deleted = False

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def run(self, run_id: str, status: str, created: float, **fields: Any) -> dict[str, Any]:
        """Add a run whose last change was a second after it was created."""
        times = {"created_at": at(created), "updated_at": at(created + 1)}
        named = {"run_id": run_id, "status": status, "multitask_strategy": "enqueue"}
        run: dict[str, Any] = {**named, **times, **fields}
        self.listed.insert(0, run)
        return run

    async def list(self, thread_id: str, limit: int, select: object) -> list[dict[str, Any]]:
        if self.deleted or thread_id != "t1":
            raise not_found()
        return self.listed[:limit]

    async def get(self, thread_id: str, run_id: str) -> dict[str, Any]:
        if all(run["run_id"] != run_id for run in self.listed):
            raise not_found()
        return {}

    async def get_history(
        self, thread_id: str, limit: int, metadata: dict[str, str]
    ) -> list[dict[str, Any]]:
        self.asked.append((metadata, limit))
        states = [
            {"created_at": time, "metadata": {"run_id": run, "source": source}}
            for run, source, time in self.checkpoints[::-1]
        ]
        return [s for s in states if metadata.items() <= cast(Any, s["metadata"]).items()][:limit]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(server_panel, "require_ready", lambda url: None)
    monkeypatch.setattr(server_panel, "get_client", lambda **_: server)
    return server


async def read(server: Server, known: list[RunView] | None = None) -> list[RunView]:
    return await read_runs(cast(LangGraphClient, server), "t1", known or [])


# --- Reading -----------------------------------------------------------------------------------


async def test_a_run_starts_with_its_first_checkpoint_and_ends_with_its_last_change(
    server: Server,
) -> None:
    server.run("a", "success", 0)
    server.run("b", "running", 5)
    server.run("c", "pending", 6)
    server.checkpoints = [
        *(("a", "input", at(0.2)), ("a", "loop", at(0.4))),
        *(("b", "input", at(5.5)), ("b", "loop", at(5.6))),
    ]
    runs = await read(server)
    assert [(r.run_id, r.started_at, r.ended_at) for r in runs] == [
        ("a", at(0.2), at(1)),
        ("b", at(5.5), None),
        ("c", None, None),
    ]


async def test_checkpoints_are_asked_for_no_further_back_than_needed(server: Server) -> None:
    for n in range(3):
        server.run(f"r{n}", "success", n)
        server.checkpoints.append((f"r{n}", "input", at(n)))
    runs = await read(server)
    assert await read(server, runs) == runs
    server.run("r3", "running", 9)
    server.checkpoints.append(("r3", "input", at(9)))
    assert (await read(server, runs))[3].started_at == at(9)
    assert server.asked == [({"source": "input"}, 3), ({"source": "input"}, 1)]


async def test_a_resumed_run_has_no_input_but_starts_all_the_same(server: Server) -> None:
    server.run("a", "success", 0)
    server.run("b", "success", 5, kwargs={"input": None})
    server.checkpoints = [
        *(("a", "input", at(0.5)), ("a", "loop", at(0.6))),
        *(("b", "loop", at(5.5)), ("b", "loop", at(5.6))),
    ]
    assert [run.started_at for run in await read(server)] == [at(0.5), at(5.5)]


async def test_a_run_that_is_gone_was_rolled_back_by_the_next_that_does_that(
    server: Server,
) -> None:
    server.run("a", "running", 0)
    server.checkpoints = [("a", "input", at(0.5))]
    before = await read(server)
    server.listed.clear()
    server.run("b", "success", 3, multitask_strategy="rollback")
    server.run("c", "success", 9, multitask_strategy="rollback")
    runs = await read(server, before)
    assert runs[0] == replace(before[0], status="rolled back", ended_at=at(3))
    assert [run.run_id for run in runs] == ["a", "b", "c"]
    assert await read(server, runs) == runs
    assert await read(server) == runs[1:]  # whoever has not seen it cannot know


async def test_a_run_that_was_cancelled_with_rollback_has_no_known_end(server: Server) -> None:
    server.run("a", "pending", 0)
    before = await read(server)
    server.listed.clear()
    server.run("b", "success", 3)
    assert (await read(server, before))[0] == replace(before[0], status="rolled back")


async def test_runs_that_only_left_the_list_were_not_rolled_back(server: Server) -> None:
    server.run("old", "running", 0)
    server.run("done", "success", 1)
    before = await read(server)
    for n in range(RUNS):
        server.run(f"r{n}", "success", 2 + n)
    runs = await read(server, before)
    assert [run.run_id for run in runs] == [f"r{n}" for n in range(RUNS)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"messages": [{"role": "user", "content": "Remind me.\n Please."}]}, "Remind me. Please."),
        ({"messages": [{"content": [{"type": "text", "text": "In"}, "blocks"]}]}, "In blocks"),
        ({"messages": [["user", "A pair."]]}, "A pair."),
        ({"messages": ["A text."]}, "A text."),
        ({"messages": "A text alone."}, "A text alone."),
        ({"messages": [{"role": "user", "content": "x" * 99}]}, "x" * 59 + "…"),
        *((odd, "") for odd in (None, "Hi", [], {}, {"messages": [5]}, {"messages": [{}]})),
        ({"messages": [{"role": "user", "content": 5}]}, ""),
        ({"messages": []}, ""),
    ],
)
async def test_what_a_run_s_input_said(server: Server, given: Any, said: str) -> None:
    server.run("a", "pending", 0, kwargs={"input": given})
    assert (await read(server))[0].said == said


async def test_a_server_that_tells_no_input(server: Server) -> None:
    server.run("a", "pending", 0, kwargs=None)
    assert repr(await read(server)) == "[Run pending]"


@pytest.mark.parametrize("thread_id", ["", "other"])
async def test_a_thread_that_is_not_there(server: Server, thread_id: str) -> None:
    with pytest.raises(NotFoundError, match=f"There is no thread '{thread_id}'"):
        await read_runs(cast(LangGraphClient, server), thread_id)


# --- The picture -------------------------------------------------------------------------------

ALL = [
    RunView("1", "success", "enqueue", at(0), at(1), at(3), "One."),
    RunView("2", "interrupted", "enqueue", at(3), None, at(4)),
    RunView("3", "interrupted", "interrupt", at(4), at(4.5), at(5)),
    RunView("4", "rolled back", "enqueue", at(5), at(5), at(8)),
    RunView("5", "rolled back", "enqueue", at(5), at(6), None),
    RunView("6", "error", "rollback", at(8), at(8), at(9)),
    RunView("7", "timeout", "enqueue", at(9), at(9), at(10)),
    RunView("8", "running", "enqueue", at(10), at(12)),
    RunView("9", "pending", "", at(15)),
]


def rows(markup: str) -> list[str]:
    """Return each row's words."""
    items = re.findall("<li>(.*?)</li>", markup, re.S)
    return [" ".join(re.sub("<.*?>", "", item).split()) for item in items]


def bars(markup: str) -> list[list[tuple[str, float, float]]]:
    """Return each row's bars: their kind, and where they begin and end in percent."""
    bar = re.compile(r'<span class="([\w -]+)" style="left:([\d.]+)%;width:([\d.]+)%">')
    return [
        [(kind, float(left), float(left) + float(width)) for kind, left, width in bar.findall(item)]
        for item in re.findall("<li>(.*?)</li>", markup, re.S)
    ]


def test_each_run_is_a_row_with_its_state_and_times_in_words() -> None:
    assert rows(runs_html(ALL, READ_AT)) == [
        "1 One. enqueue✓success waited 1.0 s, ran 2.0 s",
        "2 enqueue‖interrupted waited 1.0 s, no step",
        "3 interrupt‖interrupted waited 0.5 s, ran 0.5 s",
        "4 enqueue↶rolled back waited 0.0 s, ran 3.0 s",
        "5 enqueue↶rolled back waited 1.0 s",
        "6 rollback✗error waited 0.0 s, ran 1.0 s",
        "7 enqueue✗timeout waited 0.0 s, ran 1.0 s",
        "8 enqueue▸running waited 2.0 s, runs for 8.0 s",
        "9 ○pending for 5.0 s",
    ]


def test_bars_wait_and_run_on_one_axis() -> None:
    markup = runs_html(ALL, READ_AT)
    drawn = bars(markup)
    assert drawn[0] == [("wait", 0, 5), ("ran success", 5, 15)]
    assert drawn[1] == [("wait", 15, 20)]
    assert drawn[3][1] == ("ran rolled-back", 25, 40)
    assert drawn[7] == [("wait", 50, 60), ("ran running", 60, 100)]
    assert drawn[8] == [("wait", 75, 100)]
    assert re.findall(r"left:([\d.]+)%\">(\d+ s)<", markup)[1:3] == [("25", "5 s"), ("50", "10 s")]


def test_the_picture_ends_with_the_last_run_when_none_is_under_way() -> None:
    markup = runs_html(ALL[:1], READ_AT)
    assert bars(markup) == [[("wait", 0, 33.33), ("ran success", 33.33, 100)]]


@pytest.mark.parametrize(
    ("length", "last"),
    [
        (0.0, "0.1 s"),
        (0.65, "0.8 s"),
        (7, "8 s"),
        (100, "2 min"),
        (500, "10 min"),
        (90_000, "36.0 h"),
    ],
)
def test_the_axis_has_round_numbers_and_fits(length: float, last: str) -> None:
    markup = runs_html([RunView("1", "success", "", at(0), at(0), at(length))], READ_AT)
    ticks = re.findall(r"left:[\d.]+%\">([^<]*)<", markup)
    assert ticks[0] == "0 s"
    assert ticks[-1] == last
    assert 2 <= len(ticks) <= 5


def test_clocks_that_disagree_draw_nothing_backwards() -> None:
    odd = RunView("1", "running", "enqueue", at(30), at(29))
    markup = runs_html([odd, replace(odd, status="error", ended_at=at(28))], READ_AT)
    assert "-" not in re.sub(r"--step|rolled-back|aria-\w+|course-\w+|\d-\d", "", markup)
    assert all("0.0 s" in row for row in rows(markup))


def test_a_screen_reader_gets_a_list_without_the_picture() -> None:
    markup = runs_html(ALL, READ_AT)
    assert '<ol class="course-runs" role="list">' in markup
    assert markup.count('class="course-track"') == markup.count('%" aria-hidden="true"') == 9
    assert {"ol", "li"} <= set(Markup(markup).tags)


def test_what_was_rolled_back_is_explained() -> None:
    assert "Run 4, run 5: the server has deleted what was rolled back" in runs_html(ALL, READ_AT)
    assert "deleted" not in runs_html(ALL[:3], READ_AT)


# --- The panel ---------------------------------------------------------------------------------


async def test_the_panel_reads_again_and_remembers(server: Server) -> None:
    empty = await RunTimeline.load(DEPLOYMENT, "t1")
    assert repr(empty) == "RunTimeline: no run yet"
    assert "No run yet." in shown(empty)
    server.run("a", "success", 0)
    server.run("b", "running", 2, kwargs={"input": {"messages": "Hello."}})
    panel = await RunTimeline.load(DEPLOYMENT, "t1")
    assert repr(panel) == "RunTimeline: success, running"
    server.listed.pop(0)
    server.run("c", "pending", 3, multitask_strategy="rollback")
    panel.button.click()
    await until(lambda: len(panel.runs) == 3)
    await panel.refresh()
    assert repr(panel) == "RunTimeline: success, rolled back, pending"
    assert panel.message.startswith("Success, rolled back, pending. Read at ")
    assert "Hello." in shown(panel)
    assert panel._body.value in static(panel)


async def test_many_runs_are_counted_and_the_cut_is_said(server: Server) -> None:
    for n in range(RUNS + 5):
        server.run(f"r{n}", "error" if n % 10 == 0 else "success", n)
    panel = await RunTimeline.load(DEPLOYMENT, "t1")
    assert repr(panel) == "RunTimeline: 45 success, 5 error"
    assert f"Only the newest {RUNS} runs" in shown(panel)


async def test_a_dead_server_and_a_deleted_thread_leave_the_last_picture(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(url: str) -> None:
        raise DOWN

    server.run("a", "success", 0, kwargs={"input": {"messages": "Hello."}})
    panel = await RunTimeline.load(DEPLOYMENT, "t1")
    monkeypatch.setattr(server_panel, "require_ready", dead)
    await panel.refresh()
    assert DOWN.what in panel.message
    assert "was read before" in panel.message
    assert "Hello." in shown(panel)
    assert repr(panel) == "RunTimeline: stale; success"
    monkeypatch.setattr(server_panel, "require_ready", lambda url: None)
    server.deleted = True
    await panel.refresh()
    assert panel.message.startswith("There is no thread 't1' on this server.")
    assert panel.stale
    server.deleted = False
    await panel.refresh()
    assert repr(panel) == "RunTimeline: success"


async def test_everything_is_escaped(server: Server) -> None:
    said = {"input": {"messages": f"\x1b[31m{ATTACK}"}}
    server.run(ATTACK, ATTACK, 0, kwargs=said, multitask_strategy=ATTACK)
    server.checkpoints = [(ATTACK, "input", at(0.5))]
    panel = await RunTimeline.load(DEPLOYMENT, "t1")
    for markup in (shown(panel), static(panel)):
        assert not {"script", "img"} & set(Markup(markup).tags)
        assert "&lt;script&gt;" in markup
        assert "\x1b" not in markup
