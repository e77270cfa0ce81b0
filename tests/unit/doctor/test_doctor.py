"""The doctor as a whole: findings, the time it takes, the result code, the terminal, the panel."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_helpers.core import docker
from course_helpers.core.errors import CourseError
from course_helpers.core.findings import (
    STATES,
    Finding,
    Findings,
    examine_one,
    findings_html,
    summarise,
)
from course_helpers.core.processes import MISSING, run
from course_helpers.doctor import (
    CHECKS,
    Check,
    __main__,
    examine,
    machine,
    result_code,
    server_findings,
)
from course_helpers.doctor.codes import _ALPHABET, SYSTEMS, VERSION, Report, decode, encode
from course_helpers.widgets import HealthPanel, health_panel

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
posix = pytest.mark.skipif(os.name != "posix", reason="the fake docker is a shell script")


# --- Findings ---------------------------------------------------------------------------------


def test_findings_are_words_and_escaped() -> None:
    later = Finding("C", False, "none", "get it", needed_from="03")
    found = Findings([Finding("A", True, EVIL), Finding("B", False, "bad", "mend it"), later])
    shown = found._repr_html_()
    assert "<script" not in shown
    for word in ("ok", "FAIL", "later"):
        assert f">{word}</span>" in shown
    assert "<code>mend it</code>" in shown
    assert "From lesson 03 on: <code>get it</code>" in shown
    assert [finding.failed for finding in found] == [False, True, False]
    assert "<script" not in findings_html([Finding(EVIL, False, "x", EVIL, EVIL)])


def test_findings_in_a_terminal_are_aligned_and_plain() -> None:
    found = Findings(
        [Finding("A", True, "\x1b[31mred\x1b[0m\n2"), Finding("Long", False, "x", "y")]
    )
    assert repr(found) == "ok     A     red 2\nFAIL   Long  x\n       Fix: y"
    assert str(Finding("B", False, "bad", "mend it", "04")).endswith("From lesson 04 on: mend it")


@pytest.mark.parametrize(
    ("states", "summary"),
    [
        (["ok", "ok"], "2 checks, all ok"),
        (["ok", "later"], "2 checks, none failed, 1 for later lessons"),
        (["FAIL", "later"], "2 checks, 1 failed: FAIL, 1 for later lessons"),
        (["FAIL", "ok"], "2 checks, 1 failed: FAIL"),
    ],
)
def test_the_summary_counts_only_what_failed_now(states: list[str], summary: str) -> None:
    found = [Finding(s, s == "ok", "", "", "03" if s == "later" else "") for s in states]
    assert summarise(found) == summary


def test_a_check_that_breaks_is_a_finding() -> None:
    def broken() -> str:
        raise ZeroDivisionError("1/0")

    finding = examine_one("Odd", broken, "03")
    assert finding.state == "later"
    assert "cannot tell, the check itself broke: ZeroDivisionError: 1/0" in finding.detail
    assert finding.fix.startswith("git pull")
    assert examine_one("Odd", broken).state == "FAIL"


# --- The server -------------------------------------------------------------------------------


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
    assert examine_one("Registry", docker.registry).state == "FAIL"


# --- The examination --------------------------------------------------------------------------


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


@posix
def test_a_hanging_docker_and_no_network_take_less_than_three_seconds(
    hanging_docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(30))
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
    assert len(pids) == 5
    ending = time.monotonic() + 10  # a killed process may take a moment to be gone
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < ending
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@posix
def test_what_a_command_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("says", "#!/bin/sh\necho out; echo err >&2; exit 3\n"), ("broken", "\x7f")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert run(["says"], 5) == (3, "out", "err")
    assert run(["broken"], 5).code == 126
    assert run(["not-there"], 5) == (MISSING, "", "not-there: command not found")


# --- The result code --------------------------------------------------------------------------


reports = st.builds(
    Report,
    st.lists(st.sampled_from(STATES), min_size=len(CHECKS), max_size=len(CHECKS)).map(tuple),
    st.integers(min_value=0, max_value=31),
    st.sampled_from(SYSTEMS),
)
EXAMPLE = Report((("ok", "later", "FAIL") * len(CHECKS))[: len(CHECKS)], 13, "Windows (WSL)")


@given(reports)
def test_a_code_says_what_was_found(report: Report) -> None:
    code = encode(report)
    assert re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}", code)
    assert decode(code, len(CHECKS)) == report
    assert decode(f" {code.lower().replace('-', ' ')}", len(CHECKS)) == report


@given(reports, st.integers(0, 11), st.sampled_from(_ALPHABET))
def test_one_mistyped_digit_is_noticed(report: Report, place: int, digit: str) -> None:
    code = encode(report).replace("-", "")
    typed = code[:place] + digit + code[place + 1 :]
    if typed != code:
        with pytest.raises(CourseError, match="mistyped"):
            decode(typed, len(CHECKS))


@given(reports, st.integers(0, 10))
def test_two_swapped_digits_are_noticed(report: Report, place: int) -> None:
    code = encode(report).replace("-", "")
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if typed != code:
        with pytest.raises(CourseError, match="mistyped"):
            decode(typed, len(CHECKS))


@pytest.mark.parametrize("code", ["", "BAAA", "0AAA-ACM8-43ST", "BAAA-ACM8-43ST-AAAA", EVIL])
def test_what_is_not_a_code_is_said(code: str) -> None:
    with pytest.raises(CourseError, match="is not a result code"):
        decode(code, len(CHECKS))


def test_a_code_of_another_version_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    code = encode(EXAMPLE)
    monkeypatch.setattr("course_helpers.doctor.codes.VERSION", VERSION + 1)
    with pytest.raises(CourseError, match="another version"):
        decode(code, len(CHECKS))


def test_a_code_with_more_than_the_checks_is_refused() -> None:
    with pytest.raises(CourseError, match="mistyped"):
        decode(encode(Report(("FAIL",) * len(CHECKS), 13, "Linux")), len(CHECKS) - 1)


def test_who_changes_the_checks_changes_the_version() -> None:
    names = "Python Packages Kernel Panels Settings Model Keys Tracing Processor WSL Memory Disk Docker Compose Buildx Images Proxy Certificates Port_8888 Port_2024 Stack's_port Stack"
    assert (VERSION, [check.name.replace(" ", "_") for check in CHECKS]) == (3, names.split())


# --- The terminal -----------------------------------------------------------------------------


FOUND = Findings(
    Finding(c.name, c.name not in ("Model", "Docker"), "seen", "mend it", c.needed_from)
    if c.name in ("Model", "Docker")
    else Finding(c.name, True, "seen")
    for c in CHECKS
)


def test_the_terminal_shows_findings_and_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(__main__, "examine", lambda: FOUND)
    assert __main__.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok     Python        seen"
    assert "FAIL   Model         seen" in lines
    assert (
        lines[lines.index("later  Docker        seen") + 1] == "       From lesson 03 on: mend it"
    )
    assert lines[-2] == "22 checks, 1 failed: Model, 1 for later lessons."
    code = lines[-1].removeprefix("Send this code to your instructor: ")

    assert __main__.main([code]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"Python 3.{sys.version_info.minor} on {machine.system()}"
    assert said[1:3] == ["FAIL   Model", "later  Docker"]
    assert said[3].startswith("ok     Python, Packages, ")


def test_nothing_failed_is_success_and_a_terminal_has_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(__main__, "examine", lambda: FOUND[:3])
    assert __main__.main([]) == 0
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    __main__.main([])
    assert ("\x1b[32mok   \x1b[0m" in capsys.readouterr().out) is (os.name == "posix")


def test_a_mistyped_code_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = encode(EXAMPLE)[:-1] + ("A" if encode(EXAMPLE)[-1] != "A" else "B")
    assert __main__.main(wrong.split("-")) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "was mistyped" in shown.err
    assert "Fix: " in shown.err


def test_the_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "course_helpers.doctor"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    assert done.returncode == int("FAIL " in done.stdout)
    assert re.search(r"^22 checks, .*\.\nSend this code .*: (\w{4}-){2}\w{4}$", done.stdout, re.M)


# --- The panel --------------------------------------------------------------------------------


async def test_the_panel_says_that_it_checks_and_fills_itself_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []
    gate = threading.Event()

    def slow() -> Findings:
        asked.append(gate.wait(5))
        return Findings([*FOUND[:-1], Finding("Port 8123", False, EVIL, "docker ps", "04")])

    monkeypatch.setattr(health_panel, "examine", slow)
    panel = HealthPanel()
    assert panel.message == "Checking this machine. This takes up to three seconds."
    assert repr(panel) == "HealthPanel: nothing checked yet"
    assert "Nothing checked yet" in panel.static_html()
    await asyncio.sleep(0)
    assert panel.button.disabled
    gate.set()
    await panel.refresh()
    assert asked == [True]  # joined, not repeated
    assert repr(panel) == "HealthPanel: 22 checks, 1 failed: Model, 2 for later lessons"
    shown = panel._body.value
    assert '<span class="later">later</span>' in shown
    assert "From lesson 04 on: <code>docker ps</code>" in shown
    assert f"<code>{result_code(panel.findings)}</code>" in shown
    assert "<script" not in shown
    assert shown in panel.static_html()


async def test_a_broken_examination_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Findings:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(health_panel, "examine", broken)
    panel = HealthPanel()
    await panel.refresh()
    assert "RuntimeError: can't start new thread" in panel.message
    panel.close()
