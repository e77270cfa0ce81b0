"""Ports: who holds one, and which are free."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from course_helpers.core import ports
from tests.unit.shared import failure


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this computer on which this process listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_who_holds_a_port_is_named(listener: int) -> None:
    what = failure(lambda: ports.port(listener, "the stack", "docker ps"))
    assert what.startswith("wanted for the stack, held by ")
    assert f"(process {os.getpid()})" in what or "cannot tell" in what
    assert ports.port(listener, "JupyterLab").endswith("; JupyterLab takes another")


def test_a_port_that_nobody_holds_is_free(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = SimpleNamespace(status="LISTEN", laddr=SimpleNamespace(ip="10.0.0.1", port=8123))
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [elsewhere])
    assert ports.port(8123, "the stack") == "free for the stack"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "::1", "127.0.0.1"])
def test_a_port_of_another_users_program(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    laddr = SimpleNamespace(ip=address, port=8123)
    held = SimpleNamespace(status="LISTEN", laddr=laddr, pid=None)
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [held])
    assert "cannot tell which" in failure(lambda: ports.port(8123, "x", "docker ps"))


def test_a_system_that_does_not_say(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    assert "cannot tell which" in failure(lambda: ports.port(listener, "x", "docker ps"))
    with socket.socket() as bound:  # but nobody listens
        bound.bind(("127.0.0.1", 0))
        assert ports.port(bound.getsockname()[1], "x") == "free for x"
