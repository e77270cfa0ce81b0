"""`langgraph dev` as a child process: one server for each kernel, which ends with it.

Measured with langgraph-api 0.16.7: it pickles its state into `.langgraph_api/` in its working
directory, so that two servers in one folder lose data; it silently takes another port when its
own is taken; and a graph that fails to import ends the process.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from course_helpers.core.errors import ServerError, SettingsError
from course_helpers.core.markup import clean
from course_helpers.core.ports import HOST, free_port
from course_helpers.core.settings import DEPLOYMENT, Settings, load_settings
from course_helpers.core.waiting import wait_until
from course_helpers.server.probe import missing_graphs

START_TIMEOUT = 60.0  # seconds; 3 to 8 are usual

_CAUSE = re.compile(r"^(?:\w+\.)*(?P<message>\w*(?:Error|Exception|Interrupt)\b.*)", re.M)


class DevServer:
    """A running `langgraph dev`. Make one with `start_dev_server`.

    Attributes:
        url: where it answers, for instance `http://127.0.0.1:54321`.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, url: str) -> None:
        self._process = process
        self._folder = folder
        self.url = url
        atexit.register(self.stop)

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def log(self) -> str:
        """Return what the server has printed so far, without terminal colours."""
        path = self._folder / "server.log"
        return clean(path.read_text(errors="replace")) if path.exists() else ""

    def stop(self) -> None:
        """End the server and delete its folder with all threads and memories. Safe to repeat."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.stop)


def start_dev_server(
    deployment: Path = DEPLOYMENT,
    settings: Settings | None = None,
    timeout: float = START_TIMEOUT,
    reload: bool = False,
) -> DevServer:
    """Start `langgraph dev` for a deployment folder, and wait until its graphs are loaded.

    Args:
        deployment: a folder with a `langgraph.json`.
        settings: its environment becomes the server's; by default `load_settings()`.
        timeout: seconds to wait for it.
        reload: run in the deployment folder itself and restart when a file in it changes; the
            server's state is then kept there, in `.langgraph_api/`.

    Raises:
        ServerError: the process ended, or did not answer in time; the cause is in the message.
        SettingsError: `langgraph.json` is missing or is not JSON.
    """
    config = _read_config(deployment)
    print("Starting langgraph dev. This takes 3 to 10 seconds.", flush=True)
    started = time.monotonic()
    server = _spawn(settings or load_settings(), deployment, config, reload)
    try:
        _wait_until_ready(server, list(config["graphs"]), timeout)
    except BaseException:  # a Ctrl-C while waiting must not leave a server behind
        server.stop()
        raise
    print(f"Ready after {time.monotonic() - started:.1f} s.", flush=True)
    return server


def _read_config(deployment: Path) -> dict[str, dict[str, str]]:
    path = deployment / "langgraph.json"
    try:
        config = json.loads(path.read_text())
        graphs = config["graphs"]
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing.", f"git checkout -- {path.name}") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path} cannot be used: {error!r}.", 'it must be JSON with a "graphs" object'
        ) from None
    return {
        "graphs": graphs,
        **{k: config[k] for k in ("store", "auth", "http", "webhooks") if k in config},
    }


def _spawn(
    settings: Settings, deployment: Path, config: dict[str, dict[str, str]], reload: bool
) -> DevServer:
    """Start the process; without `reload` in a folder of its own, which is deleted with it."""
    folder = Path(tempfile.mkdtemp(prefix="langgraph-dev-"))
    if not reload:
        _write_config(folder, deployment, config)
    port = free_port()
    options = ["--host", HOST, "--port", str(port), "--no-browser", "--n-jobs-per-worker", "10"]
    command = [sys.executable, "-m", "course_helpers.server._dev_child", str(folder), *options]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command if reload else [*command, "--no-reload"],
            cwd=deployment if reload else folder,
            env={**settings.environment, **_QUIET},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # interrupting the kernel must not stop the server
        )
    return DevServer(process, folder, f"http://{HOST}:{port}")


def _write_config(folder: Path, deployment: Path, config: dict[str, dict[str, str]]) -> None:
    """Write the deployment's configuration with absolute paths, so that it is valid in any folder.

    No "env" in it: keys go to the server through its environment, not through one more file.
    """
    graphs = {name: str((deployment / path).resolve()) for name, path in config["graphs"].items()}
    own = {**config, "graphs": graphs, "dependencies": [str(deployment.resolve())]}
    (folder / "langgraph.json").write_text(json.dumps(own))


_QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",  # else each command is reported, 10 s without a network
    "LANGGRAPH_NO_VERSION_CHECK": "true",
    "PYTHONUNBUFFERED": "1",
}


def _wait_until_ready(server: DevServer, graphs: list[str], timeout: float) -> None:
    def is_ready() -> bool:
        if missing_graphs(server.url, graphs) == []:
            return True
        log = server.log()
        if not server.running:
            raise ServerError(
                f"langgraph dev stopped: {_cause(log)}.", "correct that and run this cell again"
            )
        if "is already in use" in log:
            raise ServerError(
                f"Another program took the port of {server.url} at the same moment.",
                "run this cell again: it chooses another port",
            )
        return False

    if not wait_until(is_ready, timeout, pause=0.1):
        raise ServerError(
            f"langgraph dev did not answer within {timeout:.0f} s: {_cause(server.log())}.",
            "close other programs and run this again",
        )


def _cause(log: str) -> str:
    """Return the last exception's message in a log, or its last line."""
    found = [match["message"] for match in _CAUSE.finditer(log)]
    lines = found or [line for line in log.splitlines() if line.strip()] or ["no output"]
    return lines[-1].strip().removesuffix(" Please check that:").rstrip(".")
