"""Every fault of lesson 09 on one practice stack: it breaks, is found by name, and is mended."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from course_helpers.core import ports
from course_helpers.core.settings import GRAPH, ROOT
from course_helpers.practice import cleanup
from course_helpers.practice.diagnosis import diagnose
from course_helpers.practice.fault_catalogue import FAULTS
from course_helpers.practice.faults import fault
from course_helpers.practice.stack import PracticeStack
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import API, services
from tests.docker.helpers import container_id, docker
from tests.docker.project import PROJECT

LIMIT = 10.0  # seconds
# A server ends with these only when it starts: until then, which may take a busy computer longer
# than the limit, there is nothing to see.
WHEN_A_SERVER_STARTS = ("wrong database URI", "graph path wrong", "import error", "memory limit")
# A stack that is broken in most of the ways at once, by a process that then waits to be killed.
KILLED = """
import sys, time
from course_helpers.practice import broken_stack
from course_helpers.practice.broken_stack import BrokenStack
from course_helpers.practice.fault_catalogue import FAULTS
from course_helpers.practice.stack import PracticeStack

broken_stack.missing_graphs = lambda url, graphs: []  # what is broken need not be ready before
stack = BrokenStack(PracticeStack())
for name in ("import error", "image missing", "stale volume"):
    FAULTS[name].break_it(stack)
stack.hold_port()
print("port", stack._practice.settings["API_PORT"], flush=True)
time.sleep(600)
"""


class Left(NamedTuple):
    """What there was of a practice stack: its port, and in Docker and in files."""

    port: int
    things: set[str]
    journal: bool


def left(port: int = 0) -> Left:
    project = f"{PROJECT}-practice"
    return Left(port, {*cleanup.left(project)}, journal().exists())


def journal() -> Path:
    return ROOT / "build" / f"{PROJECT}-practice.override.json"


@pytest.fixture(scope="module")
def killed(made_images: None) -> Left:
    """Break a stack in a process of its own, kill that, and return what it has left behind."""
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        port = next(line.split()[1] for line in process.stdout if line.startswith("port "))
        process.kill()
    return left(int(port))


@pytest.fixture(scope="module")
def practice(killed: Left) -> Iterator[PracticeStack]:
    """Yield the practice stack that is made next, and remove it afterwards."""
    practice = PracticeStack()
    assert left() == Left(0, set(), False)
    try:
        practice.up()
        yield practice
    finally:
        practice.remove()
        assert left() == Left(0, set(), False)


def first_end(practice: PracticeStack, since: float) -> float:
    """Return when the server's container first ended, as seconds since 1970."""
    with practice:
        container = container_id(API)
    window = ("--since", f"{since:.6f}", "--until", f"{time.time():.6f}")
    which = (f"--filter=container={container}", "--filter=event=die", "--format={{json .}}")
    return float(json.loads(docker("events", *window, *which).splitlines()[0])["timeNano"]) / 1e9


def test_the_next_stack_mends_what_a_killed_kernel_has_left(
    killed: Left, practice: PracticeStack
) -> None:
    project = f"{PROJECT}-practice"
    assert killed.journal
    assert {f"{project}_another", f"{project}:changed"} <= killed.things
    assert ports.port(killed.port, "anyone", "-") == "free for anyone"
    assert "all ready" in diagnose(practice).sentence


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(practice: PracticeStack, name: str) -> None:
    before, settings, began = left(), dict(practice.settings), time.time()
    with fault(name, practice):
        assert journal().exists()
        visible = time.time()
        found, ended = diagnose(practice), time.time()
        if name in WHEN_A_SERVER_STARTS:
            visible = max(visible, first_end(practice, began))
        assert ended - visible < LIMIT
        assert found.name == name, found
        assert [one.name for one in FAULTS.values() if one.sign in found.sentence] == [name]
        assert found.fix
    assert practice.settings == settings
    assert left() == before
    assert missing_graphs(practice.url, [GRAPH]) == []
    assert "all ready" in diagnose(practice).sentence
    with practice:
        assert [service.state for service in services()] == ["running"] * 3
