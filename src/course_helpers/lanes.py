"""The deployment that the notebooks talk to, started when it is needed.

A *lane* is a way to run the same graph. `embedded` is `langgraph dev`, started by `connect` inside
the kernel's own process tree: no Docker, no key, no account. `open` is the stack of
`deployment/docker-compose.yml` with the licence-free engine, `official` the same with the licensed
server, when `BASE_IMAGE` names that.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import BuildError, DockerError
from course_helpers.core.markup import clean
from course_helpers.core.settings import Settings, load_settings
from course_helpers.server.dev_server import DevServer, start_dev_server
from course_helpers.server.probe import require_ready, server_info, server_version
from course_helpers.stack import lifecycle, logs

OPEN_ENGINE = "Aegra"  # what the licence-free engine calls itself under /info

_server: DevServer | None = None  # one for each kernel
_settings: Settings | None = None  # those it was started with


@dataclass(frozen=True)
class Deployment:
    """A deployment that was ready when `connect` returned it.

    Attributes:
        url: where it answers.
        lane: the lane it is on.
        reason: why this lane, in words.
        engine: which server answers, with its version.
        model: which model answers inside the graph.
        store: where threads and memories are kept.
    """

    url: str
    lane: str
    reason: str
    engine: str
    model: str
    store: str

    @property
    def client(self) -> LangGraphClient:
        """A new `langgraph-sdk` client for this deployment.

        It asks the server first: the SDK would retry for 7.5 s before it says that nothing answers.

        Raises:
            ServerError: the deployment no longer answers.
        """
        require_ready(self.url)
        return get_client(url=self.url)

    @property
    def log(self) -> str:
        """The server's log: all of it for the embedded server, the last lines for the stack's."""
        if self.lane != "embedded":
            return logs.read_api_log()
        return _server.log() if _server and _server.url == self.url else ""

    def stop(self) -> None:
        """Stop the embedded server now; `connect` starts a new, empty one. A stack goes on."""
        if _server and _server.url == self.url:
            _server.stop()

    def facts(self) -> dict[str, str]:
        """Return what a learner should know about the deployment: name -> value."""
        return {
            "Lane": f"{self.lane}: {self.reason}",
            "Engine": self.engine,
            "Model": self.model,
            "Store": self.store,
            "URL": self.url,
        }

    def __repr__(self) -> str:
        return "\n".join(f"{name:7} {value}" for name, value in self.facts().items())

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{name}</th>'
            f'<td style="text-align:left">{html.escape(clean(value))}</td></tr>'
            for name, value in self.facts().items()
        )
        return f"<table><caption>You are connected</caption>{rows}</table>"


def connect(lane: str = "embedded") -> Deployment:
    """Return a ready deployment of the course's graph, and start it if necessary.

    Calling it again returns the same server, or a new one if that has stopped or if
    `deployment/.env` has changed since.

    Args:
        lane: the lane that the lesson asks for. `LANE` in `deployment/.env` overrides it. If the
            lesson asks for the stack and this computer cannot run it, the lane is `embedded`.

    Raises:
        SettingsError: `deployment/.env` or `langgraph.json` is invalid.
        DockerError: `LANE` asks for the stack, and Docker cannot run it.
        BuildError: `LANE` asks for the stack, and an image is missing.
        ServerError: the server did not start.
    """
    settings = load_settings()
    wanted = settings.lane or lane
    reason = "LANE in deployment/.env says so" if settings.lane else "this lesson asks for it"
    if wanted == "embedded":
        return _embedded(settings, reason)
    try:
        return _stack(lifecycle.up(), reason)
    except (BuildError, DockerError) as error:
        if settings.lane:
            raise
        return _embedded(settings, f"{error.what} For the stack: {error.fix}")


def _embedded(settings: Settings, reason: str) -> Deployment:
    url = _embedded_url(settings)
    return Deployment(
        url=url,
        lane="embedded",
        reason=reason,
        engine=f"langgraph dev (langgraph-api {server_version(url)})",
        model=settings.model_label,
        store="a temporary folder, deleted when this notebook's kernel stops",
    )


def _stack(url: str, reason: str) -> Deployment:
    """Return the stack's deployment; the server that answers determines its lane."""
    info = server_info(url) or {}
    name, version = info.get("name"), info.get("version")
    return Deployment(
        url=url,
        lane="open" if name == OPEN_ENGINE else "official",
        reason=reason,
        engine=f"the open engine ({name} {version}, no licence needed)"
        if name == OPEN_ENGINE
        else f"the licensed LangGraph server {version}",
        model=load_settings().model_label,
        store="Postgres, in a volume that outlives the containers",
    )


def _embedded_url(settings: Settings) -> str:
    """Return this kernel's server's address; start or replace the server if necessary."""
    global _server, _settings
    if _server and _server.running and settings == _settings:
        return _server.url
    if _server:
        _server.stop()
    _server, _settings = start_dev_server(settings=settings), settings
    return _server.url
