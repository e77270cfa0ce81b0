"""What the lessons show of a running stack: rows, messages, variables, logs, layers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from langgraph_sdk import get_client

from course_helpers import (
    container_environment,
    query,
    read_image,
    read_logs,
    search_layers,
    watch_redis,
)
from course_helpers.core.errors import BuildError, ServerError
from course_helpers.core.settings import load_settings
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import API, PASSWORDS, POSTGRES, REDIS, SERVICES
from tests.docker.helpers import docker, inspect, say
from tests.docker.project import IMAGE

SECRET = "made-up-4711-secret"


async def test_a_run_is_in_postgres_and_its_events_pass_through_redis(running: str) -> None:
    client = get_client(url=running)
    with watch_redis() as seen:
        thread_id = await say(client, "Remind me to water the plants.")
    (run,) = await client.runs.list(thread_id)
    (row,) = query(f"select status from runs where run_id = '{run['run_id']}'")
    assert row == {"status": "success"}
    events = [json.loads(payload) for payload in seen.on(run["run_id"])]
    assert [event["payload"][0] for event in events][:1] == ["metadata"]
    assert "water the plants" in str(events)


def test_what_cannot_be_asked_is_a_sentence(running: str) -> None:
    with pytest.raises(ServerError, match='"nowhere" does not exist'):
        query("select * from nowhere")
    with pytest.raises(ServerError, match="no container"):
        container_environment("nobody")
    with pytest.raises(ServerError, match="no service 'nobody'"):
        read_logs("nobody")
    with pytest.raises(ServerError, match="exec"):
        lifecycle.run_in(REDIS, "false")


@pytest.mark.parametrize("service", SERVICES)
def test_secrets_of_a_container_are_masked(
    running: str, capsys: pytest.CaptureFixture[str], service: str
) -> None:
    rows = container_environment(service)
    shown = {row["variable"]: row["value"] for row in rows}
    given = dict(line.partition("=")[::2] for line in inspect(service)["Config"]["Env"])
    assert shown.keys() == given.keys()
    told = f"{rows!r} {rows._repr_html_()} {capsys.readouterr().out}"
    passwords = [load_settings().value(name) for name in PASSWORDS]
    assert [len(password) for password in passwords] == [32, 32]
    assert any(password in str(given) for password in passwords)
    assert not any(password in told for password in passwords)
    if service == API:
        assert shown["DATABASE_URI"].startswith("postgresql://postgres:…@langgraph-postgres:5432/")


def test_a_statement_keeps_its_lines(running: str) -> None:
    (row,) = query("select 1 as one -- and no more\n, 'two  spaces' as two")
    assert row == {"one": "1", "two": "two  spaces"}


def test_logs_are_read_and_filtered(running: str) -> None:
    lines = read_logs(API, contains="WORKER STARTED")
    assert lines
    assert {line.service for line in lines} == {API}
    assert all("Worker started" in line.text for line in lines)
    assert {line.service for line in read_logs()} == {API, POSTGRES, REDIS}


def test_a_stopped_service_is_started_by_a_restart(running: str) -> None:
    lifecycle.stop(REDIS)
    with pytest.raises(ServerError):
        lifecycle.run_in(REDIS, "redis-cli", "ping")
    assert lifecycle.restart() == running
    assert lifecycle.run_in(REDIS, "redis-cli", "ping") == "PONG"


def test_layers_belong_to_what_brought_them(made_images: None) -> None:
    image = read_image(IMAGE)
    sources = [layer.source for layer in image.layers]
    assert sources == sorted(sources, key=["base", "engine", "agent"].index)
    assert abs(sum(layer.size for layer in image.layers) / image.size - 1) < 0.01
    assert image.size_of("engine") > image.size_of("agent")
    assert any("langgraph" in layer.command.lower() for layer in image.layers)


def test_a_secret_that_was_deleted_is_still_found(made_images: None, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"KEY={SECRET}\n")
    (tmp_path / "Dockerfile").write_text(
        f"FROM {IMAGE}\nUSER root\nCOPY .env /app/.env\nRUN rm /app/.env\nENV TOKEN={SECRET}-2\n"
    )
    name = f"{IMAGE}-leaky"
    subprocess.run(["docker", "build", "-q", "-t", name, str(tmp_path)], check=True)
    try:
        found = {(hit.name, hit.path) for hit in search_layers(name, {"KEY": SECRET})}
    finally:
        docker("image", "rm", "--force", name)
    assert found == {("KEY", "/app/.env"), ("KEY", "the image's settings")}
    with pytest.raises(BuildError, match="no image nothing-like-it"):
        search_layers("nothing-like-it", {})
