"""What the panels and cells show of a server's answers: plain data, escaped, in few words."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_helpers.checks import Result
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.lanes import Deployment
from course_helpers.server.checkpoints import checkpoints_of
from course_helpers.server.dev_server import _cause
from course_helpers.server.memories import Memories
from course_helpers.server.messages import conversation_of

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_a_course_error_is_shown_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell.instance()
    shell.user_ns["error"] = ServerError("The server stopped.", "run connect() again")
    shell.run_cell("raise error")
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert "ServerError: The server stopped." in text
    assert "Fix: run connect() again" in text
    assert "Traceback" not in text
    assert "run_cell" not in text


def test_a_course_error_reads_as_a_sentence_and_a_fix() -> None:
    assert str(CourseError("It broke.", "mend it")) == "It broke.\nFix: mend it"


def test_memories_are_escaped_and_counted() -> None:
    todo = {"task": EVIL, "deadline": "2026-03-06T23:59:00", "status": "not started"}
    memories = Memories("ada", [todo], {"name": EVIL, "job": None}, [EVIL])
    shown = memories._repr_html_()
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown
    assert "2026-03-06 23:59" in shown
    assert repr(memories) == "Memories of ada: 1 To-dos, 1 Profile, 1 Instructions"
    assert "nothing yet" in Memories("ada")._repr_html_()


def test_strange_documents_do_not_break_a_table() -> None:
    memories = Memories("ada", [{}, {"task": ["a", 1], "deadline": 5}], {"x": {"y": 1}})
    assert memories._repr_html_().count("<tr>") == 5


def test_a_deployment_and_a_check_are_escaped() -> None:
    deployment = Deployment("http://x", "embedded", "why", "engine", EVIL, "store")
    assert "<script" not in deployment._repr_html_()
    assert repr(deployment).startswith("Lane    embedded: why")
    assert "<script" not in Result(False, EVIL)._repr_html_()
    assert repr(Result(True, "well done")) == "Solved: well done"


def test_tool_results_are_folded_into_their_calls() -> None:
    call = {"id": "1", "name": "UpdateMemory", "args": {"update_type": "todo"}}
    messages = [
        {"type": "human", "content": [{"type": "text", "text": "Hi"}, "!"]},
        {"type": "ai", "content": None, "tool_calls": [call, {"id": "2"}]},
        {"type": "tool", "content": "added", "tool_call_id": "1"},
        {"type": "ai", "content": "Done."},
    ]
    human, calling, answer = conversation_of(messages)
    assert human.text == "Hi!"
    assert [c.result for c in calling.tool_calls] == ["added", None]
    assert (answer.role, answer.text) == ("ai", "Done.")


def test_a_checkpoint_tells_what_went_wrong() -> None:
    state = {
        "checkpoint": {"checkpoint_id": "c"},
        "metadata": {"step": 1},
        "next": ["node"],
        "tasks": [{"error": "ValueError('x')"}, {"error": None}],
        "values": None,
    }
    (checkpoint,) = checkpoints_of([state])
    assert checkpoint.errors == ["ValueError('x')"]
    assert (checkpoint.step, checkpoint.messages, checkpoint.next) == (1, 0, ["node"])


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "Traceback (most recent call last):\n"
            "langgraph_api.utils.errors.GraphLoadError: Failed to load graph 'g': division by zero\n"
            "2026-03-04T09:00:00Z [error ] Application startup failed. Exiting.\n",
            "GraphLoadError: Failed to load graph 'g': division by zero",
        ),
        (
            "x.GraphLoadError: Could not find graph 'graph' in 'g.py'. Please check that:\n1. ...\n",
            "GraphLoadError: Could not find graph 'graph' in 'g.py'",
        ),
        ("Usage: langgraph dev\nError: no such option: --x\n", "Error: no such option: --x"),
        ("killed\n\n", "killed"),
        ("", "no output"),
    ],
)
def test_the_cause_is_found_in_a_log(log: str, cause: str) -> None:
    assert _cause(log) == cause
