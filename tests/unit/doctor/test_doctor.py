"""The doctor as a whole: the server, the order of the findings, the time that they take."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from course_helpers.core import docker_checks
from course_helpers.core.findings import examine_one
from course_helpers.doctor import CHECKS, Check, examine, server_findings
from tests.unit.fake_engine import FakeEngine
from tests.unit.shared import needs_posix


def test_nothing_at_the_address_is_a_finding_with_a_fix() -> None:
    finding = server_findings("http://127.0.0.1:9")[-1]
    assert (finding.name, finding.ok) == ("Server", False)
    assert "connect()" in finding.fix


def test_bad_settings_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANE", "moon")
    found = server_findings("http://127.0.0.1:9")
    assert [(finding.name, finding.ok) for finding in found] == [
        ("Settings", False),
        ("Server", False),
    ]


def test_what_no_http_client_survives_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/not/there.pem")
    finding = server_findings("http://127.0.0.1:9")[-1]
    assert (finding.name, finding.ok) == ("Server", False)
    assert examine_one("Registry", docker_checks.registry).state == "FAIL"


def test_findings_come_in_order_whatever_the_checks_do() -> None:
    never = threading.Event()

    def broken() -> str:
        raise KeyError("x")

    def hangs() -> str:
        never.wait(30)
        return "too late"

    checks = [Check("A", hangs, "03"), Check("B", broken), Check("C", lambda: "fine")]
    started = time.monotonic()
    found = examine(checks, limit=0.2)
    assert time.monotonic() - started < 1
    # What still runs must not hold up the end of the process.
    assert all(t.daemon for t in threading.enumerate() if t is not threading.main_thread())
    never.set()
    assert [(f.name, f.state) for f in found] == [("A", "later"), ("B", "FAIL"), ("C", "ok")]
    assert found[0].detail == "cannot tell: no answer within 0.2 s"
    assert "make doctor" in found[0].fix


@pytest.fixture
def hanging_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker command that never answers, and that says which processes it consists of."""
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\nsleep 60 &\necho $! >>"{tmp_path}/pids"\nwait\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "pids"


@needs_posix
def test_a_hanging_docker_and_no_network_take_less_than_three_seconds(
    hanging_docker: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.on("GET /version", lambda _: time.sleep(10))
    monkeypatch.setenv("PATH", str(hanging_docker.parent), prepend=os.pathsep)
    never = threading.Event()
    look_up = socket.getaddrinfo

    def no_network(host: Any, *more: Any, **named: Any) -> Any:
        return look_up(host, *more, **named) if host == "127.0.0.1" else never.wait(30)

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    started = time.monotonic()
    found = {finding.name: finding for finding in examine()}
    assert time.monotonic() - started < 3
    never.set()
    assert list(found) == [check.name for check in CHECKS]
    for name in ("Docker", "Compose", "Buildx"):
        assert found[name].detail == "docker gives no answer within 2 s"
    for name in ("Docker", "Compose", "Buildx", "Images"):
        assert found[name].state == "later"
    pids = [int(pid) for pid in hanging_docker.read_text().split()]
    assert len(pids) == 2
    ending = time.monotonic() + 10  # a killed process may take a moment to be gone
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < ending
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
