"""The bundle, made here and then installed and run where there is no network at all.

"There" is a network namespace with nothing in it but its own loopback, and a second Docker engine
that starts with no image and ends with the namespace (unshare(1)).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from course_helpers.core.settings import ROOT

NEEDED = ("dockerd", "unshare", "nsenter", "setpriv", "ip", "make")
pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (sys.platform == "linux" and os.geteuid() == 0 and all(map(shutil.which, NEEDED))),
        reason=f"needs root on Linux, and {', '.join(NEEDED)}",
    ),
]

CGROUP = "task-maistro-test-bundle"
NAMESPACES = ("--net", "--pid", "--mount")
# With a /run of its own the second engine neither meets the first one nor can be confused with it.
START = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec dockerd --config-file "$0"'
CONNECT = """
import socket
try:
    socket.create_connection(("192.0.2.1", 443), timeout=5)
except OSError as error:
    print(error.errno)
"""
TALK = """
import asyncio, json
from langgraph_sdk import get_client
from course_helpers.stack.compose import stack_url

async def main():
    client = get_client(url=stack_url())
    said = {"messages": [{"role": "user", "content": "Remind me to buy milk."}]}
    await client.runs.wait(None, "task_maistro", input=said, context={"user_id": "ada"})
    found = await client.store.search_items(["todo"])
    print(json.dumps([item["value"] for item in found["items"]]))

asyncio.run(main())
"""
BEFORE = 'default=None, description="Estimated effort in minutes"'
AFTER = 'default=25, description="Estimated effort in minutes"'


class Classroom:
    """A place without a network, with a Docker engine that has no image yet."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "home"
        self._home.mkdir()
        self._log = folder / "dockerd.log"
        configuration = folder / "daemon.json"
        configuration.write_text(
            json.dumps(
                {
                    "data-root": str(folder / "data"),
                    "cgroup-parent": CGROUP,
                    "exec-opts": ["native.cgroupdriver=cgroupfs"],  # systemd's socket is in /run
                }
            )
        )
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--fork"]
        command += ["--kill-child", "--mount-proc", "sh", "-c", START, str(configuration)]
        with self._log.open("wb") as log:
            self._unshare = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait_for_docker(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while self._unshare.poll() is None and time.monotonic() < deadline:
            with suppress(AssertionError):
                self.run("docker", "version")
                return
            with suppress(subprocess.TimeoutExpired):
                self._unshare.wait(0.1)
        pytest.fail(f"dockerd did not start: {self._log.read_text()[-2000:]}")

    def run(self, *command: str, seconds: float = 120) -> str:
        """Run a command there, with nothing of this computer's settings and caches."""
        children = psutil.Process(self._unshare.pid).children()
        assert children, "it is not there yet"
        enter = ["nsenter", f"--target={children[0].pid}", *NAMESPACES, "--", *command]
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "DOCKER_CONFIG")}
        python = Path(sys.executable).resolve()
        start = time.monotonic()
        done = subprocess.run(
            enter,
            env={**kept, "HOME": str(self._home), "PYTHON": str(python)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        print(f"{time.monotonic() - start:6.1f} s  …{' '.join(' '.join(command).split())[-50:]}")
        return done.stdout

    def close(self) -> None:
        """End everything there: with its first process, the kernel ends the others."""
        if self._unshare.poll() is None:
            for dockerd in psutil.Process(self._unshare.pid).children():
                dockerd.terminate()
        try:
            self._unshare.wait(90)  # it stops its containers first
        except subprocess.TimeoutExpired:
            self._unshare.kill()
            self._unshare.wait()
        for cgroup in sorted(Path("/sys/fs/cgroup").glob(f"**/{CGROUP}/**/"), reverse=True):
            cgroup.rmdir()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="task-maistro-test-") as name:
        yield Path(name)
    assert name not in Path("/proc/mounts").read_text()


@pytest.fixture
def bundle(folder: Path) -> Path:
    start = time.monotonic()
    command = [sys.executable, "-m", "course_helpers.workspace.bundle", str(folder / "a copy")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"{time.monotonic() - start:6.1f} s  {done.stdout.splitlines()[-4]}")
    return folder / "a copy"


@pytest.fixture
def classroom(folder: Path, bundle: Path) -> Iterator[Classroom]:
    there = Classroom(folder)
    try:
        there.wait_for_docker()
        yield there
    finally:
        there.close()


def test_a_bundle_is_all_that_a_computer_without_a_network_needs(
    bundle: Path, classroom: Classroom
) -> None:
    make = ("make", "--no-print-directory", "-C", str(bundle))
    python = str(bundle / ".venv/bin/python")
    assert classroom.run(sys.executable, "-c", CONNECT).strip() == str(errno.ENETUNREACH)
    assert classroom.run("docker", "image", "ls", "--quiet") == ""

    assert classroom.run(*make, "setup").endswith("Set up. Next: make lab\n")
    assert "Loaded image: task-maistro-engine" in classroom.run(*make, "images")
    agent = bundle / "deployment" / "task_maistro.py"
    source = agent.read_text()
    assert source.count(BEFORE) == 1
    agent.write_text(source.replace(BEFORE, AFTER))
    again = classroom.run(*make, "images")
    assert "Loaded image" not in again
    assert "task-maistro: made in" in again

    assert "Ready after" in classroom.run(*make, "up")
    todos = json.loads(classroom.run(python, "-c", TALK))
    assert [(todo["task"], todo["time_to_complete"]) for todo in todos] == [("Buy milk", 25)]
    assert "the data is deleted" in classroom.run(*make, "down", "VOLUMES=1")
    assert classroom.run("docker", "volume", "ls", "--quiet") == ""
