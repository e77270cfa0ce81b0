"""The client of the Docker engine: which engine it reaches, and what it says when that fails."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from course_helpers.core import docker, docker_checks
from course_helpers.core.errors import CourseError, DockerError
from tests.unit.fake_engine import FakeEngine, Handler, frames, running
from tests.unit.shared import needs_posix

TIMEOUT = 0.3  # seconds


def choose_context(folder: Path, name: str, host: str) -> None:
    """Write what `docker context create` and `docker context use` write."""
    meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    endpoint = {"docker": {"Host": host, "SkipTLSVerify": False}}
    made = {"Name": name, "Metadata": {}, "Endpoints": endpoint}
    (meta / "meta.json").write_text(json.dumps(made))
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


class TestWhichEngine:
    def test_the_one_that_the_variable_names(self, engine: FakeEngine) -> None:
        assert docker_checks.engine() == "engine 28.2.2"
        assert engine.asked

    @pytest.mark.parametrize("by", ["config", "variable"])
    def test_the_one_of_the_current_context(
        self, by: str, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("DOCKER_HOST")
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
        choose_context(tmp_path / "docker", "colima", engine.address)
        if by == "variable":
            (tmp_path / "docker/config.json").write_text("{}")
            monkeypatch.setenv("DOCKER_CONTEXT", "colima")
        assert docker_checks.engine() == "engine 28.2.2"
        assert engine.asked

    def test_the_variable_before_the_context(
        self, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
        with running() as other:
            choose_context(tmp_path / "docker", "other", other.address)
            docker_checks.engine()
            assert (bool(engine.asked), other.asked) == (True, [])

    @pytest.mark.parametrize("config", [None, "{}", '{"currentContext": "colima"}'])
    def test_a_context_that_is_not_found_is_not_another_one(
        self, config: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        if config is not None:
            (tmp_path / "config.json").write_text(config)
        if config in (None, "{}"):
            monkeypatch.setenv("DOCKER_CONTEXT", "colima")
        with pytest.raises(DockerError, match="no context 'colima'") as caught, docker.client():
            pass
        assert caught.value.fix.startswith("docker context use colima")

    def test_an_old_one_in_its_own_version_of_the_api(self, engine: FakeEngine) -> None:
        engine.on("GET /version", (200, {"Version": "20.10.24", "ApiVersion": "1.41"}))
        engine.on("GET /containers/json", (200, []))
        assert docker_checks.engine() == "engine 20.10.24"
        with docker.client() as client:
            assert client.containers.list() == []
        assert engine.paths[-1].startswith("/v1.41/")

    @pytest.mark.parametrize(
        ("version", "seen"),
        [("19.03.15", "engine 19.03.15; 20 or newer"), ("dev", "engine dev; 20 or newer")],
    )
    def test_one_that_is_too_old(self, version: str, seen: str, engine: FakeEngine) -> None:
        engine.on("GET /version", (200, {"Version": version, "ApiVersion": "1.40"}))
        with pytest.raises(CourseError, match=seen):
            docker_checks.engine()


class TestNoEngine:
    @needs_posix
    def test_nothing_at_the_address(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], None]
    ) -> None:
        program("docker", "exit 1")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        with pytest.raises(DockerError) as caught, docker.client():
            pass
        assert caught.value.what == (
            "Docker: installed, but no engine answers: Cannot connect to the Docker daemon at "
            f"unix://{tmp_path}/none.sock. Is the docker daemon running."
        )
        assert "systemctl start docker" in caught.value.fix

    def test_not_even_docker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DockerError, match="docker is not installed"), docker.client():
            pass

    def test_no_right_to_the_socket(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(socket.socket, "connect", refuse)  # root may use any
        with pytest.raises(DockerError, match="no right to its socket") as caught, docker.client():
            pass
        assert "usermod" in caught.value.fix

    @pytest.mark.parametrize("answers", ["nothing", "the version", "half an answer"])
    def test_one_that_hangs_is_not_waited_for(self, answers: str, engine: FakeEngine) -> None:
        def hang(handler: Handler) -> None:
            if answers == "half an answer":
                handler.send_response(200)
                handler.send_header("Content-Length", "1000")
                handler.end_headers()
                handler.wfile.write(b"[")
                handler.wfile.flush()
            time.sleep(20 * TIMEOUT)

        engine.on("GET /containers" if answers != "nothing" else "GET /version", hang)
        began = time.monotonic()
        with (
            pytest.raises(DockerError, match=f"docker gives no answer within {TIMEOUT} s"),
            docker.client(TIMEOUT) as client,
        ):
            client.containers.list()
        assert time.monotonic() - began < 10 * TIMEOUT

    def test_what_happened_is_not_waited_for_either(self, engine: FakeEngine) -> None:
        engine.on("GET /events", lambda _: time.sleep(20 * TIMEOUT))
        engine.on("GET /info", (200, {"SystemTime": "2026-03-04T09:00:00Z"}))
        with pytest.raises(DockerError, match="no answer within"), docker.client(TIMEOUT) as client:
            docker.past_events(client, {"event": ["die"]}, 60)

    def test_something_else_answers(self, engine: FakeEngine) -> None:
        engine.on("GET /version", [b"<html>"])
        with pytest.raises(DockerError, match="no engine answers: "), docker.client():
            pass

    def test_one_that_refuses(self, engine: FakeEngine) -> None:
        engine.on("GET /containers", (500, {"message": "the disk is broken."}))
        with (
            pytest.raises(DockerError, match=r"Docker: the engine refuses: the disk is broken\."),
            docker.client() as client,
        ):
            client.containers.list()

    def test_what_is_not_there_is_the_callers_to_tell(self, engine: FakeEngine) -> None:
        engine.on("GET /images", (404, {"message": "No such image: x"}))
        with pytest.raises(NotFound, match="No such image"), docker.client() as client:
            client.api.inspect_image("x")
        with pytest.raises(NotFound, match="No such image"), docker.client() as client:
            docker.request(client, "GET", "images/get", params={"names": ["x"]})

    def test_the_library_is_missing(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "docker", None)
        with (
            pytest.raises(DockerError, match="the Python package docker is missing"),
            docker.client(),
        ):
            pass

    def test_the_callers_own_errors_pass(self, engine: FakeEngine) -> None:
        with pytest.raises(OSError, match="disk"), docker.client():
            raise OSError("disk")


def test_what_happened_is_asked_up_to_now(engine: FakeEngine) -> None:
    event = {"Action": "die", "Actor": {"Attributes": {"exitCode": "3"}}}
    engine.on("GET /events", [json.dumps(event).encode() + b"\n"])
    engine.on("GET /info", (200, {"SystemTime": "2026-03-04T09:00:00.5Z"}))  # not this clock
    with docker.client() as client:
        assert docker.past_events(client, {"event": ["die"], "container": ["x"]}, 60) == [event]
    since, until = (float(text) for text in _values(engine.asked[-1], "since", "until"))
    assert (until, until - since) == (1772614800.5, 60)


def _values(asked: str, *names: str) -> list[str]:
    query = dict(pair.split("=") for pair in asked.partition("?")[2].split("&"))
    return [query[name] for name in names]


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"o", b"ne\ntw", b"o"], ["one", "two"]),
        ([b"caf\xc3", b"\xa9\n"], ["café"]),
        ([b"\xff\n\n"], ["\ufffd", ""]),
        ([], []),
    ],
)
def test_lines_come_whatever_the_pieces(pieces: list[bytes], lines: list[str]) -> None:
    assert list(docker.lines_of(pieces)) == lines


def test_a_container_prints_to_two_streams(engine: FakeEngine) -> None:
    engine.on("GET /containers/x/json", (200, {"Config": {"Tty": False}}))
    engine.on("GET /containers/x/logs", [*frames("out\n"), *frames("err\n", stream=2)])
    with docker.client() as client:
        assert docker.text_of(client.api.logs("x")) == "out\nerr"
