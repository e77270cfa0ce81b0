"""A real `langgraph dev`: it starts, says why it cannot, and leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from course_helpers.core.errors import ServerError, SettingsError
from course_helpers.server import dev_server
from course_helpers.server.dev_server import DevServer, start_dev_server
from course_helpers.server.probe import missing_graphs

pytestmark = pytest.mark.server

TINY_GRAPH = """
from langgraph.graph import StateGraph
builder = StateGraph(dict)
builder.add_node("node", lambda state: state)
builder.set_entry_point("node")
graph = builder.compile()
"""


def deployment(folder: Path, code: str | None, graph: str = "./g.py:graph") -> Path:
    """Write a small deployment into a folder."""
    if code is not None:
        (folder / "g.py").write_text(code)
    (folder / "langgraph.json").write_text(
        f'{{"dependencies": ["."], "graphs": {{"tiny": "{graph}"}}}}'
    )
    return folder


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that still run; one that has ended but was not asked about does not."""
    return [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def ends(server: DevServer) -> bool:
    """Wait until a server's port refuses connections; return whether it came to that."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if missing_graphs(server.url, []) is None:
            return True
        time.sleep(0.05)
    return False


def test_starts_and_leaves_nothing(tmp_path: Path) -> None:
    server = start_dev_server(deployment(tmp_path, TINY_GRAPH))
    process = psutil.Process(server.pid)
    family = [process, *process.children(recursive=True)]
    assert missing_graphs(server.url, ["tiny"]) == []
    assert "tiny" in server.log()
    assert [p.name for p in tmp_path.glob(".langgraph_api")] == []
    server.stop()
    server.stop()  # safe to repeat
    assert ends(server)
    assert alive(family) == []
    assert not server._folder.exists()


def test_two_at_once_do_not_share(tmp_path: Path) -> None:
    folder = deployment(tmp_path, TINY_GRAPH)
    first = start_dev_server(folder)
    second = start_dev_server(folder)
    try:
        assert first.url != second.url
        httpx.post(f"{first.url}/threads", json={}).raise_for_status()
        count = httpx.post(f"{second.url}/threads/search", json={}).json()
        assert count == []
    finally:
        first.stop()
        second.stop()


def test_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    folder = deployment(tmp_path, TINY_GRAPH)
    script = (
        "import sys, pathlib\n"
        "from course_helpers.server.dev_server import start_dev_server\n"
        f"server = start_dev_server(pathlib.Path({str(folder)!r}))\n"
        "print(server.url, server.pid, server._folder, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        printed = (line.split() for line in parent.stdout)
        url, pid, working_folder = next(words for words in printed if words[0].startswith("http"))
        server = psutil.Process(int(pid))
        assert missing_graphs(url, ["tiny"]) == []
        parent.kill()
    server.wait(timeout=15)
    assert missing_graphs(url, []) is None
    assert not Path(working_folder).exists()


@pytest.mark.parametrize(
    ("code", "graph", "cause"),
    [
        ("import nothing_there\n", "./g.py:graph", "No module named 'nothing_there'"),
        (None, "./missing.py:graph", "No such file or directory"),
    ],
)
def test_says_why_it_did_not_start(
    tmp_path: Path, code: str | None, graph: str, cause: str
) -> None:
    with pytest.raises(ServerError) as error:
        start_dev_server(deployment(tmp_path, code, graph))
    assert cause in error.value.what
    assert error.value.fix


def test_a_port_that_is_taken_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(dev_server, "free_port", lambda: taken.getsockname()[1])
        with pytest.raises(ServerError, match="took the port"):
            start_dev_server(deployment(tmp_path, TINY_GRAPH))


def test_a_timeout_stops_the_server(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(60)\n"
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with pytest.raises(ServerError, match=r"did not answer within 2 s"):
        start_dev_server(deployment(tmp_path, slow), timeout=2)
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before


@pytest.mark.parametrize("content", [None, "{", "[]", '{"dependencies": []}'])
def test_a_bad_config_is_said(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "langgraph.json").write_text(content)
    with pytest.raises(SettingsError, match=r"langgraph\.json"):
        start_dev_server(tmp_path)


def test_reload_notices_an_edit_and_leaves_nothing(tmp_path: Path) -> None:
    server = start_dev_server(deployment(tmp_path, TINY_GRAPH), reload=True)
    family = psutil.Process(server.pid).children(recursive=True)
    try:
        (tmp_path / "g.py").write_text(TINY_GRAPH + "\nprint('seen', 'again')\n")
        deadline = time.monotonic() + 30
        while "seen again" not in server.log() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "seen again" in server.log()
    finally:
        server.stop()
    assert alive(family) == []
    assert (tmp_path / "g.py").exists()  # only the server's own folder goes with it
