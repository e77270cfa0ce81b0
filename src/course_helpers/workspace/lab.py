"""`make lab`: the learner's copies of the lessons, opened in JupyterLab.

python -m course_helpers.workspace.lab             open JupyterLab at the first lesson
python -m course_helpers.workspace.lab reset 04    a fresh copy of lesson 04; the old one is kept
"""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from course_helpers.core.errors import CourseError
from course_helpers.core.processes import ending_with_a_sentence
from course_helpers.core.settings import ROOT, prepare_env_file
from course_helpers.core.waiting import wait_until
from course_helpers.workspace.working_copies import find_lessons, make_working_copies, reset_lesson

HOST = "127.0.0.1"
USUAL_PORT = 8888  # JupyterLab's own default
START_TIMEOUT = 60.0  # seconds; 3 to 5 are usual


def choose_port(preferred: int = USUAL_PORT) -> int:
    """Return the preferred port of 127.0.0.1 if it is free, otherwise any free one."""
    for port in (preferred, 0):
        with socket.socket() as candidate:
            if os.name == "posix":  # as servers do: a port just given up counts as free
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise CourseError(f"{HOST} has no free port.", "close programs that listen, and try again")


def jupyterlab_options(port: int, token: str, root: Path = ROOT) -> list[str]:
    """Return JupyterLab's options: on this computer only, no questions, nothing fetched."""
    options = {
        "ServerApp.ip": HOST,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        "ServerApp.open_browser": False,
        "IdentityProvider.token": token,
        "ContentsManager.allow_hidden": True,  # so that deployment/.env opens in the editor
        "LabApp.app_settings_dir": Path(__file__).parent / "jupyterlab",  # no news, no updates
    }
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options["ServerApp.allow_root"] = True
    return [f"--{name}={value}" for name, value in options.items()]


def has_display() -> bool:
    """Return whether opening a browser makes sense here."""
    if os.environ.get("CI"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def answers(port: int) -> bool:
    """Return whether a Jupyter server answers on a port of this computer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/api")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(port: int, address: str, terminal: TextIO) -> None:
    """Wait until JupyterLab answers, then print its address and open a browser."""
    if not wait_until(lambda: answers(port), START_TIMEOUT, pause=0.1):
        print(f"No answer for {START_TIMEOUT:.0f} s. Ctrl-C stops.", file=terminal, flush=True)
        return
    print(f"\nJupyterLab is ready: {address}\nCtrl-C stops it.", file=terminal, flush=True)
    if has_display():
        webbrowser.open(address)


@contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Redirect the output of this process and its kernels to a file, and yield the terminal."""
    log.parent.mkdir(exist_ok=True)
    sys.stdout.flush()
    out, err = os.dup(1), os.dup(2)
    with log.open("wb") as file, os.fdopen(os.dup(1), "w", encoding="utf-8") as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(out)
            os.close(err)


def serve(options: list[str]) -> None:
    """Run JupyterLab in this process until Ctrl-C or SIGTERM, or the terminal is closed.

    In this process, because JupyterLab then ends its kernels itself and no second process can be
    left behind. Its own signal handler asks "are you sure", and only works in a terminal.
    """
    # Imported here: it takes a second, which `reset` does not need.
    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]

    server = LabApp.initialize_server(argv=options)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: server.stop(from_signal=True))
    server.start()


def open_lab(root: Path = ROOT) -> None:
    """Make `.env` and the working copies, run JupyterLab until it is stopped, and end the process.

    Raises:
        CourseError: a setting or JupyterLab does not work.
    """
    prepare_env_file(root / "deployment" / ".env")
    make_working_copies(root)
    print("Starting JupyterLab ...", flush=True)
    port, token = choose_port(), secrets.token_hex(16)
    address = f"http://{HOST}:{port}/lab/tree/work/{find_lessons(root)[0].name}?token={token}"
    log = root / "build" / f"jupyterlab-{port}.log"
    try:
        with output_to(log) as terminal:
            threading.Thread(target=announce, args=(port, address, terminal), daemon=True).start()
            serve(jupyterlab_options(port, token, root))
    except (Exception, SystemExit) as error:
        reason = (log.read_text(errors="replace").splitlines() or [repr(error)])[-1]
        raise CourseError(f"JupyterLab failed: {reason}", f"read {log}") from None
    # JupyterLab has ended its kernels. A normal exit would wait for all threads, and would hang on
    # one that was saving a file and now waits for the closed event loop.
    sys.stdout.flush()
    os._exit(0)


def reset(number: str) -> None:
    """Make a fresh copy of a lesson, and print where it and the earlier one are."""
    copy, kept = reset_lesson(number)
    print(f"{copy.relative_to(ROOT)} is fresh. If it is open in JupyterLab, close and reopen it.")
    if kept:
        print(f"Your earlier copy is {kept.relative_to(ROOT)}.")


def main(arguments: list[str]) -> None:
    """Run the command line; a foreseeable failure ends it with its sentence."""
    with ending_with_a_sentence():
        match arguments:
            case []:
                open_lab()
            case ["reset", number]:
                reset(number)
            case ["reset"]:
                raise CourseError("Which lesson?", "name its number: make reset LESSON=00")
            case _:
                raise CourseError(f"Unknown command: {' '.join(arguments)}.", "see `make help`")


if __name__ == "__main__":
    main(sys.argv[1:])
