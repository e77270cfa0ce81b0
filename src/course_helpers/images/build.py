"""Long commands with progress: image builds and pulls, shown step by step, logged in full."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course_helpers.core import docker
from course_helpers.core.errors import BuildError
from course_helpers.core.markup import clean
from course_helpers.core.processes import last_words
from course_helpers.core.settings import ROOT

SOURCES = "task-maistro.sources"  # the label that says what an image was made from
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
LOGS = ROOT / "build" / "images"
INSPECT_TIMEOUT = 10.0  # seconds

_STEP = re.compile(r"^(?:#\d+ \[.*?|Step )(?P<number>\d+/\d+)(?:\]| :) *(?P<what>.+)$")
_OUTPUT = re.compile(r"^#\d+ (?:[\d.]+ )?(?:ERROR: )?(?P<text>.*\S)")
_ECHO = re.compile(  # what only repeats the command that failed
    r"-+|>.*|ERROR: failed to .*|Dockerfile.*|\d+ \|.*|The command .*|executor failed .*|process .*"
    r"|\[.*\].*|DONE .*|CACHED|CANCELED"
)


def run_shown(command: Sequence[str], name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Run a command to its end and print each of its steps as it begins.

    Args:
        command: the program and its arguments.
        name: what it makes, for people; also names its log, `build/images/NAME.log`.
        environ: its environment.

    Raises:
        BuildError: it failed; the cause is in the message, the rest in the log.
    """
    started = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / (re.sub(r"[^\w.-]+", "-", name) + ".log")
    print(f"{name} ...", flush=True)
    code = _follow(command, path, environ)
    if code != 0:
        raise BuildError(
            f"{name} could not be made: {build_cause(path.read_text(errors='replace'))}.",
            f"correct that; the whole log is {path}",
        )
    print(f"{name}: made in {time.monotonic() - started:.0f} s", flush=True)


def _follow(command: Sequence[str], path: Path, environ: Mapping[str, str]) -> int:
    """Run a command, log its output, print its steps; end it when this process is interrupted."""
    with path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            env={**environ, "BUILDKIT_PROGRESS": "plain", "LANGGRAPH_CLI_NO_ANALYTICS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.write(line)
                if step := _STEP.match(clean(line).strip()):
                    what = " ".join(step["what"].split())[:90]
                    print(f"{step['number']:>7} {what}", flush=True)
            return process.wait()
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    process.wait()


def build_cause(log: str) -> str:
    """Return the last line of a failed build's log that says more than that it failed."""
    lines = [clean(line).strip() for line in log.splitlines()]
    said = [m["text"] if (m := _OUTPUT.match(line)) else line for line in lines if line]
    return last_words("\n".join(text for text in said if not _ECHO.fullmatch(text)))


def image_sources(image: str, timeout: float = INSPECT_TIMEOUT) -> str | None:
    """Return the `sources_hash` that a local image was built from.

    Args:
        image: its name.
        timeout: seconds for Docker to answer.

    Returns:
        An empty text if the course did not build it; None if there is no such image here.

    Raises:
        DockerError: Docker does not answer.
    """
    facts = inspect_image(image, timeout)
    return None if facts is None else str((facts["Config"]["Labels"] or {}).get(SOURCES, ""))


def inspect_image(image: str, timeout: float = INSPECT_TIMEOUT) -> dict[str, Any] | None:
    """Return all that Docker knows of a local image.

    Args:
        image: its name or id.
        timeout: seconds for Docker to answer.

    Returns:
        None if there is no such image here.

    Raises:
        DockerError: Docker does not answer.
    """
    with docker.client(timeout) as engine:
        try:
            return dict(engine.api.inspect_image(image))
        except docker.not_found():
            return None


def sources_hash(folder: Path, *more: str) -> str:
    """Return a short hash of a folder's files and whatever else a build depends on."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not CACHES & {*p.parts}):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
