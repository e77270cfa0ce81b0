"""The output of a command, and how it ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from course_helpers.core.processes import MISSING, run
from tests.unit.shared import needs_posix


@needs_posix
def test_what_a_command_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("says", "#!/bin/sh\necho out; echo err >&2; exit 3\n"), ("broken", "\x7f")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert run(["says"], 5) == (3, "out", "err")
    assert run(["broken"], 5).code == 126
    assert run(["not-there"], 5) == (MISSING, "", "not-there: command not found")
