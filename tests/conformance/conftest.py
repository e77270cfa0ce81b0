"""The same rows against `langgraph dev`, the control, and against the open engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from langgraph_sdk import get_client

from course_helpers.core.settings import load_settings
from course_helpers.server import dev_server
from tests.conformance.receiver import Receiver
from tests.conformance.score import TARGET, Score
from tests.conformance.support import ENGINE_URL, GRAPHS, Server
from tests.pinned import pinned_environment


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Score())


@dataclass(frozen=True)
class Target:
    """A server that the rows are tried on: what it says it is, where it is, what it can reach."""

    name: str
    url: str
    receiver: Receiver


@pytest.fixture(scope="session")
def dev_url() -> Iterator[str]:
    """Start the control."""
    settings = load_settings(Path(os.devnull), pinned_environment(os.environ))
    server = dev_server.start_dev_server(GRAPHS, settings)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def engine_url() -> str:
    """Return where the engine serves the graphs of this folder."""
    url = os.environ.get(ENGINE_URL)
    if not url:
        pytest.skip(f"NOT CHECKED: the engine (no {ENGINE_URL})")
    return url


@pytest.fixture(
    scope="session", params=["control", pytest.param("engine", marks=pytest.mark.docker)]
)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Yield a server's name and address, and a receiver that it can reach."""
    control = request.param == "control"
    url = request.getfixturevalue("dev_url" if control else "engine_url")
    info = httpx.get(f"{url}/info").json()
    address = "127.0.0.1" if control else bridge_address()
    receiver = Receiver(address, address if control else "host.docker.internal")
    yield Target(f"{info.get('name', 'langgraph-api')} {info['version']}", url, receiver)
    receiver.close()


def bridge_address() -> str:
    """Return this machine's address on Docker's bridge: a container's host.docker.internal."""
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    command = ["docker", "network", "inspect", "bridge", "--format", gateway]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
async def server(
    target: Target, record_property: Callable[[str, object], None]
) -> AsyncIterator[Server]:
    record_property(TARGET, target.name)
    client = get_client(url=target.url, timeout=30)
    async with client, httpx.AsyncClient(base_url=target.url, timeout=30) as http:
        yield Server(target.url, client, http, target.receiver)
