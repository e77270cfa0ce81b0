"""The licensed image under the same compose file, as far as it goes without a licence.

The image itself cannot be had here (NOT RUN). What it would get can: the rendered configuration,
and an image in its place that records the environment it was started with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course_helpers.core.processes import run
from course_helpers.core.settings import load_settings
from course_helpers.images import make
from course_helpers.images.build import build_cause
from course_helpers.images.make import build_agent
from course_helpers.images.names import base_image
from course_helpers.stack import compose, lifecycle
from course_helpers.stack.containers import Service
from course_helpers.stack.log_reader import explain
from tests.docker.helpers import docker

RECORDER = "task-maistro-test-recorder"


@pytest.fixture
def recorder(made_images: None, tmp_path: Path) -> Iterator[str]:
    """Build an image that prints its environment as JSON."""
    python = base_image(load_settings(), "PYTHON_IMAGE")
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    (tmp_path / "Dockerfile").write_text(f'FROM {python}\nCMD ["python", "-c", "{show}"]\n')
    docker("build", "--tag", RECORDER, str(tmp_path))
    yield RECORDER
    docker("image", "rm", "--force", RECORDER)


def test_the_image_gets_its_databases_and_its_key(
    fresh: None, recorder: str, settings_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle._make_passwords()
    settings_file(LANGSMITH_API_KEY="lsv2_test", LANGGRAPH_CLOUD_LICENSE_KEY="license")
    monkeypatch.setenv("API_IMAGE", recorder)
    answer = run(compose.compose_command("run", "--rm", "--quiet-pull", "langgraph-api"), 120)
    assert answer.code == 0, answer.err
    given = json.loads(answer.out.splitlines()[-1])
    assert given["DATABASE_URI"] == given["POSTGRES_URI"]
    assert given["DATABASE_URI"].startswith("postgresql://postgres:")
    assert given["REDIS_URI"] == given["REDIS_URI_CUSTOM"]
    assert given["REDIS_URI"].startswith("redis://:")
    assert given["LANGSMITH_API_KEY"] == "lsv2_test"
    assert given["LANGGRAPH_CLOUD_LICENSE_KEY"] == "license"


def test_the_rendered_file_publishes_only_the_server(made_images: None) -> None:
    lifecycle._make_passwords()
    answer = run(compose.compose_command("config", "--format", "json"), 60)
    services = json.loads(answer.out)["services"]
    assert set(services) == {"langgraph-api", "langgraph-postgres", "langgraph-redis"}
    ports = {name: service.get("ports", []) for name, service in services.items()}
    assert [port["host_ip"] for port in ports.pop("langgraph-api")] == ["127.0.0.1"]
    assert not any(ports.values())
    api = services["langgraph-api"]
    assert api["healthcheck"]["test"] == ["CMD", "python", "/api/healthcheck.py"]
    assert {d["condition"] for d in api["depends_on"].values()} == {"service_healthy"}


def test_the_licensed_base_is_pulled_and_built_on(
    made_images: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_IMAGE", "langchain/langgraph-api")
    commands: list[list[str]] = []
    monkeypatch.setattr(make, "run_shown", lambda command, name: commands.append(list(command)))
    build_agent(load_settings())
    assert commands[0][-2:] == ["--base-image", "langchain/langgraph-api"]
    assert "--no-pull" not in commands[0]


def test_a_missing_licence_is_a_sentence() -> None:
    # The text of langchain-academy#95.
    log = "ValueError: License verification failed. Please ensure proper configuration:\n"
    dead = Service("langgraph-api", "x", "x", "exited", exit_code=3)
    reading = explain(dead, log)
    assert reading.what == "langgraph-api: the licensed server found no valid key"
    assert "LANGSMITH_API_KEY" in reading.fix


def test_the_cause_of_a_failed_pull() -> None:
    log = (
        "#2 [internal] load metadata for docker.io/langchain/langgraph-api:3.13\n"
        "#2 ERROR: failed to do request: dial tcp: lookup registry-1.docker.io: no such host\n"
        "------\n > [internal] load metadata for docker.io/langchain/langgraph-api:3.13:\n------\n"
        "ERROR: failed to solve: langchain/langgraph-api:3.13: failed to do request\n"
    )
    assert "no such host" in build_cause(log)
