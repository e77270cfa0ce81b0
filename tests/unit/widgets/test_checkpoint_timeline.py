"""The timeline of a thread's checkpoints, as markup."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from course_helpers.server.checkpoints import Checkpoint
from course_helpers.widgets.checkpoint_timeline import timeline
from tests.unit.widgets.widget_backend import Markup


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
