"""The checks of Docker's plugins and registry, passed and failed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from course_helpers.core import docker, docker_checks
from course_helpers.core.processes import MISSING, TOO_SLOW, Answer
from tests.unit.shared import failure

NOT_INSTALLED = Answer(MISSING, err="docker: command not found")
HANGS = Answer(TOO_SLOW, err="no answer within 2 s")
NO_PLUGIN = Answer(1, "", "docker: unknown command: docker compose")


@pytest.mark.parametrize(
    ("check", "answer", "seen"),
    [
        (docker_checks.compose, Answer(0, "2.38.1"), "2.38.1"),
        (docker_checks.compose, Answer(0, "v5.0.0"), "5.0.0"),
        (docker_checks.buildx, Answer(0, "github.com/docker/buildx v0.24.0 d0e5e86"), "0.24.0"),
        (docker_checks.buildx, Answer(0, "buildx 0.13.1+ds1"), "0.13.1+ds1"),
    ],
)
def test_docker_as_it_should_be(check: Callable[[Answer], str], answer: Answer, seen: str) -> None:
    assert check(answer) == seen


@pytest.mark.parametrize(
    ("check", "answer", "seen"),
    [
        (docker_checks.compose, NOT_INSTALLED, "not installed"),
        (docker_checks.compose, Answer(0, "1.29.2"), "only an old one (1.29.2)"),
        (docker_checks.compose, Answer(0, "v2.20.3"), "only an old one (2.20.3)"),
        (docker_checks.compose, HANGS, "no answer"),
        (docker_checks.buildx, NO_PLUGIN, "not installed"),
        (docker_checks.buildx, NOT_INSTALLED, "not installed"),
        (docker_checks.buildx, HANGS, "no answer"),
    ],
)
def test_docker_as_it_should_not_be(
    check: Callable[[Answer], str], answer: Answer, seen: str
) -> None:
    assert seen in failure(lambda: check(answer))


def test_compose_that_is_only_the_old_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "/usr/bin/docker-compose" in failure(lambda: docker_checks.compose(NO_PLUGIN))
    monkeypatch.setattr(docker.shutil, "which", lambda name: None)
    assert failure(lambda: docker_checks.compose(NO_PLUGIN)) == "not installed"


@pytest.mark.parametrize(("status", "ok"), [(200, True), (401, True), (403, False), (502, False)])
def test_the_registry(status: int, ok: bool) -> None:
    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Registry) as http:
        threading.Thread(target=http.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_port}/v2/"
        if ok:
            assert docker_checks.registry(url) == f"Docker Hub answers ({status})"
        else:
            assert f"answers {status}" in failure(lambda: docker_checks.registry(url))


def test_no_registry() -> None:
    what = failure(lambda: docker_checks.registry("http://127.0.0.1:9"))
    assert "does not answer (Connect" in what  # refused, or on Windows too slow
