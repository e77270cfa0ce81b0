"""What stays when the stack stops: data, runs, and after Ctrl-C nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest
from langgraph_sdk import get_client

from course_helpers.server.memories import read_memories
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import data_volumes
from course_helpers.stack.containers import find_services
from tests.conformance.support import until
from tests.docker.helpers import USER, container_id, docker, inspect, say
from tests.docker.project import IMAGE, PROJECT
from tests.docker_engine import LABEL


async def test_what_is_kept_and_what_is_not(
    fresh: None, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    client = get_client(url=lifecycle.up())
    seconds = time.monotonic() - started
    print(f"up to ready on fresh volumes: {seconds:.1f} s")
    assert seconds < 45
    thread_id = await say(client, "Remind me to call Bob by Friday.")
    lifecycle.down()
    assert find_services(PROJECT) == []
    client = get_client(url=lifecycle.up())
    assert len((await read_memories(client, USER)).todos) == 1
    assert (await client.threads.get(thread_id))["status"] == "idle"
    lifecycle.down(volumes=True)
    assert (
        docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
        == ""
    )
    client = get_client(url=lifecycle.up())
    assert (await read_memories(client, USER)).todos == []


async def test_a_run_is_handed_over_when_the_server_is_stopped(
    fresh: None, settings_file: Any
) -> None:
    settings_file(OFFLINE_TOKENS_PER_SECOND="2", WORKER_DRAIN_TIMEOUT="1")
    client = get_client(url=lifecycle.up())
    thread = await client.threads.create()
    run = await client.runs.create(
        thread["thread_id"],
        "task_maistro",
        input={"messages": [{"role": "user", "content": "Remind me to call Bob by Friday."}]},
        context={"user_id": USER},
    )
    ids = (thread["thread_id"], run["run_id"])
    while (await client.runs.get(*ids))["status"] == "pending":  # noqa: ASYNC110 (asked by HTTP)
        await asyncio.sleep(0.05)
    container = container_id("langgraph-api")
    started = time.monotonic()
    docker("stop", "--time", "45", container)
    assert time.monotonic() - started < 20
    assert inspect("langgraph-api")["State"]["ExitCode"] == 0
    client = get_client(url=lifecycle.up())
    await client.runs.join(thread["thread_id"], run["run_id"])
    assert (await client.runs.get(thread["thread_id"], run["run_id"]))["status"] == "success"
    assert [todo["task"] for todo in (await read_memories(client, USER)).todos] == ["Call Bob"]


async def test_a_server_hears_that_it_is_to_stop_while_it_starts(made_images: None) -> None:
    given = ("--env=DATABASE_URI=postgresql://nowhere:5432/x", "--env=REDIS_URI=redis://nowhere")
    container = docker("run", "--detach", f"--label={LABEL}", *given, IMAGE)
    try:
        await until(lambda: asyncio.to_thread(lambda: "engine:" in docker("logs", container)))
        began = time.monotonic()
        docker("stop", "--time", "30", container)
        assert time.monotonic() - began < 10
        state = docker("container", "inspect", "--format", "{{.State.ExitCode}}", container)
        assert state == "1"  # not 137: it was not killed
    finally:
        docker("rm", "--force", container)


def test_ctrl_c_while_it_starts_leaves_nothing(fresh: None) -> None:
    command = [sys.executable, "-m", "course_helpers.stack", "up"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "langgraph-" in process.stdout.readline()
    process.send_signal(2)
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 130
    assert "Stopping what was started" in output
    assert find_services(PROJECT) == []
    assert data_volumes() == []  # a database half made would never start
