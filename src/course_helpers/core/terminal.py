"""Commands typed in a lesson: printed with their output, as a terminal shows them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from course_helpers.core.errors import CourseError, ServerError
from course_helpers.core.markup import clean
from course_helpers.core.processes import NOT_STARTED, TOO_SLOW, last_words, run
from course_helpers.core.settings import load_settings

TIMEOUT = 60.0  # seconds

TERMINAL_TIMEOUT = 120.0  # seconds


def show_command(command: str) -> None:
    """Print a command as a terminal shows it."""
    print(f"$ {command}", flush=True)


def run_if_installed(command: str, files: Mapping[str, str] | None = None) -> str | None:
    """Run a command whose program may not be installed, and print it with its output.

    Args:
        command: a program with its arguments; no pipes, no redirections.
        files: name -> text of files that the command finds in its folder, which is a temporary one.

    Returns:
        What it printed; None, and a note is printed, if the program is not installed.

    Raises:
        CourseError: it failed, or took longer than a minute.
    """
    program = shlex.split(command)[0]
    if shutil.which(program) is None:
        print(f"{program} is not installed here. Read on: nothing below needs it.")
        return None
    show_command(command)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (files or {}).items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        answer = run(shlex.split(command), TIMEOUT, Path(folder), _environment())
    if answer.code in (NOT_STARTED, TOO_SLOW):
        raise CourseError(f"{command!r}: {answer.err}.", "run this cell again")
    if answer.code:
        errors = [line for line in answer.err.splitlines() if "Error" in line]
        said = errors[0] if errors else last_words(answer.err)
        raise CourseError(f"{program} failed ({answer.code}): {clean(said)}", "correct the command")
    print(clean(answer.out))
    return clean(answer.out)


def _environment() -> dict[str, str]:
    """Return this process's environment without colours, for which Jupyter asks."""
    kept = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    return {**kept, "NO_COLOR": "1"}


def run_typed(
    command: str, folder: Path | str = ".", values: Mapping[str, str] | None = None
) -> None:
    """Print a command and run it; its output, such as the id of a container, is not shown.

    Args:
        command: as it would be typed in a terminal.
        folder: where to run it.
        values: variable -> value that is used in its place; the variable itself is printed.

    Raises:
        ServerError: it failed.
    """
    show_command(command)
    for variable, value in (values or {}).items():
        command = command.replace(variable, value)
    answer = run(shlex.split(command), TIMEOUT, Path(folder))
    if answer.code != 0:
        what, cause = " ".join(command.split()[:2]), _cause(answer.err)
        raise ServerError(f"`{what}` failed: {cause}.", "correct that, then run this cell again")


def _cause(errors: str) -> str:
    """Return `docker`'s own error, which usage help may follow, or else the last line."""
    said = [line for line in errors.splitlines() if line.startswith("docker: ")]
    return last_words(said[0].removeprefix("docker: ") if said else errors)


def terminal(command: str, folder: Path | str = ".") -> int:
    """Run a command as it would be typed in a terminal, and print it with its output.

    The programs of the course's environment (`langgraph`, for instance) come first on the path.

    Args:
        command: a program with its arguments; no pipes, no redirections.
        folder: where to run it.

    Returns:
        The command's exit code; 0 means success.

    Raises:
        CourseError: there is no such program or folder, or it took longer than two minutes.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    quiet = {"NO_COLOR": "1", "LANGGRAPH_CLI_NO_ANALYTICS": "1"}  # else it reports each command
    program, *arguments = shlex.split(command)
    found = shutil.which(program, path=path)
    if found is None:
        raise CourseError(f"There is no program {program!r}.", "install it, or run: make doctor")
    show_command(command)
    environ = {**load_settings().environment, "PATH": path, **quiet}
    answer = run([found, *arguments], TERMINAL_TIMEOUT, Path(folder), environ)
    if answer.code in (NOT_STARTED, TOO_SLOW):
        raise CourseError(f"{command!r}: {answer.err}.", f"run it in a terminal, in {folder}")
    print(clean("\n".join(filter(None, (answer.out, answer.err)))))
    return answer.code
