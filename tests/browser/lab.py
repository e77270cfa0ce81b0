"""JupyterLab in a process of its own, and how to check that nothing of it is left."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from course_helpers.core.ports import free_port
from course_helpers.workspace.lab import answers, jupyterlab_options
from tests.pinned import pinned_environment

MARK = "COURSE_BROWSER_TEST"  # an environment variable that all processes of one stage share
START_TIMEOUT = 60.0  # seconds; 3 are usual


class Lab(NamedTuple):
    """A running JupyterLab: its address with `/lab`, its token, its root folder, its process."""

    url: str
    token: str
    root: Path
    process: psutil.Process


@contextmanager
def jupyterlab(root: Path, state: Path, mark: str) -> Iterator[Lab]:
    """Run JupyterLab as `make lab` does, on a root folder, with its settings kept in `state`."""
    port, token = free_port(), secrets.token_hex(16)
    with (state / "jupyterlab.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--LabApp.expose_app_in_browser=True"),
                *jupyterlab_options(port, token, root),
            ],
            env=_isolated(pinned_environment(os.environ), state) | {MARK: mark, "LANE": "embedded"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(process, port)
        yield Lab(f"http://127.0.0.1:{port}/lab", token, root, psutil.Process(process.pid))
    finally:
        process.terminate()  # it then ends its kernels, and they their servers
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not answers(port):
        assert process.poll() is None, "JupyterLab ended at once"
        assert time.monotonic() < deadline, f"no JupyterLab after {START_TIMEOUT:.0f} s"
        time.sleep(0.1)


def _isolated(environ: Mapping[str, str], state: Path) -> dict[str, str]:
    """Return an environment in which no setting of this machine's user changes a test."""
    names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    folders = {f"JUPYTER_{name}": state / name.lower() for name in names}
    folders |= {f"JUPYTERLAB_{n}_DIR": state / n.lower() for n in ("SETTINGS", "WORKSPACES")}
    folders["IPYTHONDIR"] = state / "ipython"
    return {**environ, **{name: str(folder) for name, folder in folders.items()}}


def marked(mark: str) -> list[psutil.Process]:
    """Return every process that a stage has started, orphans too."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue  # ended meanwhile, or another user's
    return found


def command_of(process: psutil.Process) -> list[str]:
    """Return a process's command line; nothing if it has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def wait_until_gone(process: psutil.Process, timeout: float = 15) -> None:
    """Wait until a process has ended; it may still be a zombie."""
    deadline = time.monotonic() + timeout
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"{process} still runs after {timeout:.0f} s"
        time.sleep(0.05)
