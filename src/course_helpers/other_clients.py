"""Programs that talk to the server too, where this computer has them: curl, Node."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from course_helpers.commands import NOT_STARTED, TOO_SLOW, ask
from course_helpers.errors import CourseError
from course_helpers.markup import clean

TIMEOUT = 60.0  # seconds


def run_if_installed(command: str, files: Mapping[str, str] | None = None) -> str | None:
    """Run a command of a program that this computer may lack, and print it with its output.

    Args:
        command: a program with its arguments; no pipes, no redirections.
        files: name -> text of files that the command finds in its folder, which is a temporary one.

    Returns:
        What it printed; None, after a sentence about it, if there is no such program.

    Raises:
        CourseError: it failed, or took longer than a minute.
    """
    program = shlex.split(command)[0]
    if shutil.which(program) is None:
        print(f"{program} is not installed here. Read on: nothing below needs it.")
        return None
    print(f"$ {command}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (files or {}).items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        answer = ask(shlex.split(command), TIMEOUT, Path(folder), _environment())
    if answer.code in (NOT_STARTED, TOO_SLOW):
        raise CourseError(f"{command!r}: {answer.err}.", "run this cell again")
    if answer.code:
        words = answer.err.splitlines() or ["it says nothing"]
        said = next((line for line in words if "Error" in line), words[-1])
        raise CourseError(f"{program} failed ({answer.code}): {clean(said)}", "correct the command")
    print(clean(answer.out))
    return clean(answer.out)


def _environment() -> dict[str, str]:
    """Return this process's variables without Jupyter's wish for colours."""
    kept = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    return {**kept, "NO_COLOR": "1"}
