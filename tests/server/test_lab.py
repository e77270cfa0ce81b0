"""`make lab` for real: JupyterLab answers, shows the lesson, and stops with its kernels."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from course_helpers.workspace import lab

pytestmark = pytest.mark.server

START = (
    "from pathlib import Path; from course_helpers.workspace import lab; lab.open_lab(Path.cwd())"
)
# JupyterLab leaves a thread that never ends when it is stopped while it saves a file.
LEFT = "from threading import Event, Thread; Thread(target=Event().wait).start();"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with the real first lesson."""
    (tmp_path / "deployment").mkdir()
    (tmp_path / "notebooks").mkdir()
    shutil.copy(lab.ROOT / "deployment/.env.example", tmp_path / "deployment")
    shutil.copy(lab.find_lessons()[0], tmp_path / "notebooks")
    return tmp_path


@pytest.fixture
def running(course: Path) -> Iterator[subprocess.Popen[str]]:
    """`make lab` on that course, in its own process group as in a terminal of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEFT + START],
        cwd=course,
        env={**os.environ, "CI": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        if process.poll() is None:
            process.kill()


def read_address(process: subprocess.Popen[str]) -> str:
    """Read what is printed until the address comes."""
    assert process.stdout
    printed = []
    for line in process.stdout:
        printed.append(line)
        if match := re.search(r"JupyterLab is ready: (\S+)", line):
            return match[1]
    raise AssertionError(f"no address in {''.join(printed)!r}")


def call(address: str, path: str, data: bytes | None = None) -> Any:
    """Call JupyterLab's own API with the token of the address."""
    base, token = re.fullmatch(r"(http://[^/]+)/.*token=(\w+)", address).groups()  # type: ignore[union-attr]
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(base + path, data, headers)) as answer:
        return json.load(answer)


def check_lesson(address: str) -> None:
    """Check that the address opens the first lesson, with its token only, and asks nothing."""
    assert "/lab/tree/work/00_" in address
    with urllib.request.urlopen(address) as page:
        assert b"jupyter-config-data" in page.read()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(re.sub(r"/lab.*", "/api/contents", address))
    lesson = re.search(r"work/[^?]+", address)
    assert lesson
    assert call(address, f"/api/contents/{lesson[0]}")["type"] == "notebook"
    assert call(address, "/api/contents/deployment/.env")["content"], "the editor can open it"
    plugin = call(address, "/lab/api/settings/@jupyterlab/apputils-extension:notification")
    news = plugin["schema"]["properties"]
    assert news["fetchNews"]["default"] == "false"
    assert news["checkForUpdates"]["default"] is False


@pytest.mark.skipif(os.name != "posix", reason="Windows sends no signals to other processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_shows_the_lesson_and_a_signal_stops_it_with_its_kernels(
    running: subprocess.Popen[str], name: str
) -> None:
    address = read_address(running)
    check_lesson(address)
    call(address, "/api/kernels", b'{"name": "python3"}')
    server = psutil.Process(running.pid)
    family = [server, *server.children(recursive=True)]
    assert len(call(address, "/api/kernels")) == 1
    assert len(family) >= 2, "the server and at least its kernel"
    running.send_signal(getattr(signal, name))
    assert running.wait(timeout=20) == 0
    assert not psutil.wait_procs(family, timeout=5)[1], "nothing is left running"
    assert running.stdout
    assert "Traceback" not in running.stdout.read()


def test_a_port_taken_at_the_last_moment_is_a_sentence(course: Path) -> None:
    with socket.create_server((lab.HOST, 0)) as other:
        port = other.getsockname()[1]
        start = START.replace("lab.open_lab", f"lab.choose_port = lambda: {port}; lab.open_lab")
        command = [sys.executable, "-c", start]
        done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(rf"JupyterLab failed: .*port {port} is not available", done.stderr)
    assert f"jupyterlab-{port}.log" in done.stderr
