"""`make doctor` in a terminal: findings, the code, and a code that is read back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib

import pytest

from course_helpers.core.settings import ROOT
from course_helpers.doctor import __main__, machine
from course_helpers.doctor.codes import encode
from tests.unit.doctor.examined import EXAMPLE, FOUND


def project_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    entries = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert entries[0] == project_version()


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
    version = project_version()
    seen = "22 checks, 1 failed: Model, 1 for later lessons."
    assert lines[-2] == f"{seen} This is version {version} of the course."
    code = lines[-1].removeprefix("Send this code to your instructor: ")

    assert __main__.main([code]) == 0
    said = capsys.readouterr().out.splitlines()
    python = f"Python 3.{sys.version_info.minor} on {machine.system()}"
    assert said[0] == f"Version {version} of the course, {python}"
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
    assert re.search(r"^22 checks, .*\.\nSend this code .*: (\w{4}-){3}\w{4}$", done.stdout, re.M)
