"""A port that is held as long as a fault lasts, and no longer."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_helpers.core import waiting
from course_helpers.core.errors import CourseError
from course_helpers.practice import _held_port, port_holder
from course_helpers.practice.faults import fault
from course_helpers.practice.stack import PracticeStack


def test_the_port_is_held_as_long_as_the_fault_lasts(practice: PracticeStack) -> None:
    address = ("127.0.0.1", int(practice.settings["API_PORT"]))
    with fault("port taken", practice):
        socket.create_connection(address).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_the_port_is_free_when_the_practice_stack_is_removed(practice: PracticeStack) -> None:
    with fault("port taken", practice):
        practice.remove()
        wait_until_refused(int(practice.settings["API_PORT"]))


def test_a_port_that_is_let_go_meanwhile_is_taken(
    practice: PracticeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = ("127.0.0.1", int(practice.settings["API_PORT"]))
    held = socket.create_server(address)
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: held.close())
    with fault("port taken", practice):
        assert held.fileno() == -1
        socket.create_connection(address).close()


def test_a_port_that_stays_taken_is_a_sentence(
    practice: PracticeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_holder, "LIMIT", 0.3)
    port = int(practice.settings["API_PORT"])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(CourseError, match=f"Port {port} cannot be taken"),
    ):
        fault("port taken", practice)


def test_the_port_is_free_when_its_kernel_is_killed(
    practice: PracticeStack, tmp_path: Path
) -> None:
    port = practice.settings["API_PORT"]
    holder = [sys.executable, "-c", _HOLDER, _held_port.__name__, port, str(tmp_path)]
    held = subprocess.Popen(holder, stdout=subprocess.PIPE)
    assert held.stdout is not None
    held.stdout.readline()
    socket.create_connection(("127.0.0.1", int(port))).close()
    held.kill()
    held.communicate()
    wait_until_refused(int(port))


_HOLDER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", *sys.argv[1:]],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
print(flush=True)
time.sleep(60)
"""


def wait_until_refused(port: int, timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        assert time.monotonic() < deadline, "still held"
