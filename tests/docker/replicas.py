"""The engine in Docker with the conformance suite's graphs, and a second replica beside it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import httpx
from dotenv import set_key, unset_key
from langgraph_sdk import get_client

from course_helpers.core.ports import free_port
from course_helpers.core.processes import run
from course_helpers.core.settings import ENV_FILE, load_settings
from course_helpers.images.make import build_agent
from course_helpers.server.probe import missing_graphs
from course_helpers.stack import compose, lifecycle
from tests.conformance.receiver import Receiver
from tests.conformance.support import GRAPHS, Server
from tests.docker.helpers import docker
from tests.docker.project import IMAGE

NAMES = list(json.loads((GRAPHS / "langgraph.json").read_text())["graphs"])
READY_TIMEOUT = 90.0  # seconds
CONFORMANCE = "task-maistro-test-conformance"


@contextmanager
def engine() -> Iterator[str]:
    """Run the stack with the conformance graphs on fresh volumes; yield its address."""
    os.environ["API_IMAGE"] = CONFORMANCE
    set_key(ENV_FILE, "WORKER_DRAIN_TIMEOUT", "2", quote_mode="never")  # held runs do not end
    try:
        build_agent(load_settings(), GRAPHS)
        lifecycle.down(volumes=True)
        yield lifecycle.up(graphs=NAMES)
    finally:
        lifecycle.down(volumes=True)
        os.environ["API_IMAGE"] = IMAGE
        unset_key(ENV_FILE, "WORKER_DRAIN_TIMEOUT")


@contextmanager
def replica() -> Iterator[tuple[str, str]]:
    """Run one more server on the same databases; yield its address and its container."""
    port = free_port()
    command = [
        "run",
        "--detach",
        "--no-deps",
        "--publish",
        f"127.0.0.1:{port}:8000",
        "langgraph-api",
    ]
    answer = run(compose.compose_command(*command), 60, environ=os.environ)
    assert answer.code == 0, answer.err
    container, url = answer.out.splitlines()[-1], f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url)
        yield url, container
    finally:
        docker("rm", "--force", container)


def wait_until_ready(url: str) -> None:
    """Wait until a server answers with the conformance graphs."""
    deadline = time.monotonic() + READY_TIMEOUT
    while missing_graphs(url, NAMES) != []:
        assert time.monotonic() < deadline, f"{url} is not ready"
        time.sleep(0.1)


NO_RECEIVER: Receiver = None  # type: ignore[assignment]  # these flows post nothing


@asynccontextmanager
async def connected(*urls: str) -> AsyncIterator[list[Server]]:
    async with AsyncExitStack() as stack:
        servers = []
        for url in urls:
            client = await stack.enter_async_context(get_client(url=url, timeout=30))
            http = httpx.AsyncClient(base_url=url, timeout=30)
            http = await stack.enter_async_context(http)
            servers.append(Server(url, client, http, NO_RECEIVER))
        yield servers


def done(name: str) -> list[str]:
    return [f"{name} before", f"{name} held", f"{name} after"]


async def other(server: Server, thread_id: str, name: str, **options: str) -> str:
    """Make a run that is not held, and return its id."""
    run = await server.client.runs.create(
        thread_id, "held", input={"name": name, "gate": ""}, **options
    )
    return run["run_id"]
