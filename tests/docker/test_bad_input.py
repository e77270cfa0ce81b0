"""What goes wrong foreseeably: one sentence that says what, why, and the command that fixes it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_helpers import lanes
from course_helpers.core.errors import BuildError, CourseError, DockerError, ServerError
from course_helpers.core.processes import run
from course_helpers.core.settings import DEPLOYMENT, ENV_FILE, load_settings
from course_helpers.images.make import make_images
from course_helpers.stack import compose, lifecycle, logs
from course_helpers.stack.containers import find_services
from tests.docker.helpers import docker
from tests.docker.project import IMAGE, PROJECT

Build = Callable[[Callable[[Path], None]], str]


def test_docker_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(DockerError, match="no engine answers") as caught:
        lifecycle.up()
    assert "start Docker" in caught.value.fix
    with pytest.raises(DockerError):
        make_images()


def test_a_lesson_falls_back_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_IMAGE", "task-maistro-test-missing")
    deployment = lanes.connect("open")
    try:
        assert deployment.lane == "embedded"
        assert "task-maistro-test-missing" in deployment.reason
        assert "make images" in deployment.reason
    finally:
        deployment.stop()


def test_who_insists_on_the_stack_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_IMAGE", "task-maistro-test-missing")
    monkeypatch.setenv("LANE", "open")
    with pytest.raises(BuildError, match="There is no image task-maistro-test-missing") as caught:
        lanes.connect()
    assert caught.value.fix == "make images"


def test_the_port_is_taken(fresh: None) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a stack was just there
        other.bind(("127.0.0.1", int(os.environ["API_PORT"])))
        other.listen()
        with pytest.raises(ServerError, match=r"held by .*process") as caught:
            lifecycle.up()
    assert "API_PORT=" in caught.value.fix
    assert find_services(PROJECT) == []


def test_plain_compose_before_make_up(settings_file: Any) -> None:
    settings_file(POSTGRES_PASSWORD="", REDIS_PASSWORD="")
    answer = run(compose.compose_command("up"), 60)
    assert answer.code != 0
    assert 'run "make up" first' in answer.err


def test_another_password_than_the_volume_remembers(fresh: None, settings_file: Any) -> None:
    lifecycle.up()
    lifecycle.down()
    password = load_settings().value("POSTGRES_PASSWORD")
    settings_file(POSTGRES_PASSWORD="another")
    with pytest.raises(ServerError, match="Postgres refuses the password") as caught:
        lifecycle.up()
    assert "make down VOLUMES=1" in caught.value.fix
    settings_file(POSTGRES_PASSWORD=password)
    assert lifecycle.up()  # the container that has failed does not count as one that fails


def test_somebody_elses_database(fresh: None) -> None:
    lifecycle._make_passwords()
    up = compose.compose_command("up", "--detach", "--wait", "langgraph-postgres")
    assert run(up, 90).code == 0
    postgres = next(s.container for s in compose.services())
    sql = "CREATE TABLE customers (id int)"
    docker("exec", postgres, "psql", "-U", "postgres", "-d", "task_maistro", "-c", sql)
    with pytest.raises(ServerError, match=r"belongs to another program .*customers") as caught:
        lifecycle.up()
    assert "POSTGRES_DB" in caught.value.fix


def test_a_syntax_error_in_the_graph(fresh: None, built: Build) -> None:
    def break_it(folder: Path) -> None:
        source = folder / "task_maistro.py"
        source.write_text(source.read_text() + "\ndef broken(:\n")

    built(break_it)
    with pytest.raises(ServerError, match=r"SyntaxError.*task_maistro\.py.*line \d+"):
        lifecycle.up()


def test_an_import_that_fails(fresh: None, built: Build) -> None:
    built(lambda folder: (folder / "configuration.py").unlink())
    with pytest.raises(ServerError, match=r"No module named 'configuration'.*task_maistro\.py"):
        lifecycle.up()


def test_more_memory_than_allowed(fresh: None, built: Build) -> None:
    def hungry(folder: Path) -> None:
        source = folder / "task_maistro.py"
        source.write_text(source.read_text() + "\nhoard = bytearray(b'x') * (3 << 30)\n")

    built(hungry)
    with pytest.raises(ServerError, match=r"used more memory than its limit \(1024 MiB\)") as error:
        lifecycle.up()
    assert "mem_limit" in error.value.fix


@pytest.mark.parametrize(
    ("graphs", "said"),
    [
        ("", "LANGSERVE_GRAPHS is empty"),
        ("{}", "LANGSERVE_GRAPHS is empty"),
        ("{task", "LANGSERVE_GRAPHS is not JSON"),
        ("[1]", "LANGSERVE_GRAPHS must be a JSON object"),
        ('{"a": "graph"}', "Graph 'a' is 'graph', not FILE:VARIABLE"),
        ('{"a": "/nowhere.py:graph"}', "Graph 'a': there is no file /nowhere.py"),
    ],
)
def test_graphs_that_cannot_be_served(made_images: None, graphs: str, said: str) -> None:
    command = ["docker", "run", "--rm", "--env", f"LANGSERVE_GRAPHS={graphs}", IMAGE]
    answer = run(command, 60)
    assert answer.code == 1
    last = answer.err.splitlines()[-1]
    assert said in last
    assert "To fix it: correct deployment/langgraph.json and run: make images up." in last


@pytest.mark.parametrize("variable", ["DATABASE_URI", "REDIS_URI"])
def test_no_database_is_named(made_images: None, variable: str) -> None:
    uris = {"DATABASE_URI": "postgresql://nowhere:5432/x", "REDIS_URI": "redis://nowhere:6379"}
    given = [f"--env={name}={uri}" for name, uri in uris.items() if name != variable]
    answer = run(["docker", "run", "--rm", *given, IMAGE], 60)
    assert answer.code == 1
    assert f"{variable} is not set" in answer.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("ttl", "said"),
    [
        ("soon", "LANGGRAPH_THREAD_TTL=soon is neither minutes nor JSON."),
        ('{"default_ttl": -3}', "is wrong: default_ttl: Input should be greater than 0."),
        ('{"strategy": "burn"}', "is wrong: strategy: Input should be 'delete' or 'keep_latest'."),
    ],
)
def test_a_time_to_live_that_is_none(made_images: None, ttl: str, said: str) -> None:
    uris = ("--env=DATABASE_URI=postgresql://nowhere:5432/x", "--env=REDIS_URI=redis://nowhere")
    given = (*uris, f"--env=LANGGRAPH_THREAD_TTL={ttl}")
    answer = run(["docker", "run", "--rm", *given, IMAGE], 60)
    assert answer.code == 1
    last = answer.err.splitlines()[-1]
    assert said in last
    assert "To fix it: write minutes, or JSON such as" in last


def test_a_deployment_without_its_file(built: Build) -> None:
    with pytest.raises(BuildError, match=r"There is no .*langgraph\.json"):
        built(lambda folder: (folder / "langgraph.json").unlink())


def test_a_package_that_does_not_exist(built: Build) -> None:
    def misspell(folder: Path) -> None:
        (folder / "requirements.txt").write_text("langgraf-misspelt==1.0\n")

    with pytest.raises(BuildError, match="langgraf-misspelt") as caught:
        built(misspell)
    assert Path(re.search(r"log is (.*)$", caught.value.fix)[1]).is_file()  # type: ignore[index]


def test_stopping_what_does_not_run_is_no_error(fresh: None) -> None:
    lifecycle.down()
    with pytest.raises(CourseError, match="not running"):
        logs.follow_logs()


def test_the_settings_file_is_its_owners_alone(running: str) -> None:
    assert ENV_FILE.stat().st_mode & 0o077 == 0
    assert not (DEPLOYMENT / ".env").is_relative_to(ENV_FILE.parent)
