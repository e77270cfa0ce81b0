"""Every check of the doctor in both directions; each fix names a command."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import certifi
import psutil
import pytest

from course_helpers.core import docker, ports
from course_helpers.core.errors import CourseError
from course_helpers.core.processes import MISSING, TOO_SLOW, Answer
from course_helpers.core.settings import Settings
from course_helpers.doctor import machine, network
from course_helpers.doctor import settings as settings_checks

COMMAND = re.compile(
    r"\b(make|git|pip|python|docker|sudo|ipykernel|langgraph|wsl|mv|uname|edit|export|setx|unset)\b|https://"
)


def failure(check: Callable[[], str]) -> str:
    """Return what a check complains about, after making sure that its fix names a command."""
    with pytest.raises(CourseError) as caught:
        check()
    assert COMMAND.search(caught.value.fix), caught.value.fix
    return caught.value.what


# --- The machine ------------------------------------------------------------------------------


def test_python_must_be_one_that_the_packages_are_made_for() -> None:
    assert machine.python_version() == ".".join(map(str, sys.version_info[:3]))
    assert machine.python_version((3, 14, 9)) == "3.14.9"
    assert "3.10.4; the course needs" in failure(lambda: machine.python_version((3, 10, 4)))
    assert "3.15.0; the course needs" in failure(lambda: machine.python_version((3, 15, 0)))


def test_packages_are_compared_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    here = f"packaging=={metadata.version('packaging')}  # note"
    lock.write_text(f"# by uv\n{here}\nnone==1 ; sys_platform == 'moon'\n-e .  # the course\n")
    assert machine.packages(lock) == "all 1 are as locked"
    lock.write_text(f"{here}\nhttpx==0.0.1\nnever-heard-of==1\na==1\nb==1\n")
    what = failure(lambda: machine.packages(lock))
    assert f"httpx {metadata.version('httpx')} (locked ==0.0.1), never-heard-of is missing" in what
    assert what.endswith("and 1 more")


def test_notebooks_must_run_in_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for program in ("python", str(Path(sys.executable).with_name("python3.99"))):
        spec.write_text(json.dumps({"argv": [program], "display_name": "", "language": "python"}))
        assert machine.kernel() == "notebooks run in this Python"
    other = str(tmp_path / "bin" / "python")
    spec.write_text(json.dumps({"argv": [other], "display_name": "", "language": "python"}))
    assert failure(machine.kernel) == f"notebooks would run in {other}"


def test_jupyterlab_must_have_the_widgets_extension(tmp_path: Path) -> None:
    assert "has the extension" in machine.lab_extension()
    assert "they stay empty" in failure(lambda: machine.lab_extension([str(tmp_path)]))


def test_room_and_memory() -> None:
    assert machine.disk(needed=0).endswith("GiB free")
    assert "1e+06 are needed" in failure(lambda: machine.disk(needed=10**6))
    assert machine.memory(needed=0).endswith("GiB")
    assert "1e+06 are needed" in failure(lambda: machine.memory(needed=10**6))


def test_the_processor() -> None:
    for name in ("x86_64", "AMD64", "arm64", "aarch64"):
        assert machine.architecture(name, 2**63 - 1) == name
    assert "no images" in failure(lambda: machine.architecture("riscv64", 2**63 - 1))
    assert "32 bits" in failure(lambda: machine.architecture("x86_64", 2**31 - 1))


def test_windows_subsystem_for_linux(tmp_path: Path) -> None:
    version, home, windows = tmp_path / "version", Path("/home/ann"), Path("/mnt/c/course")
    assert machine.wsl(version) == "not in use"
    version.write_text("Linux version 6.1.0 (Debian)")
    assert machine.wsl(version, windows) == "not in use"
    version.write_text("Linux version 5.15.90.1-microsoft-standard-WSL2")
    assert machine.wsl(version, home) == "version 2"
    assert machine.system(version) == "Windows (WSL)"
    assert "Windows disk" in failure(lambda: machine.wsl(version, windows))
    version.write_text("Linux version 4.4.0-19041-Microsoft")
    assert "version 1" in failure(lambda: machine.wsl(version, home))


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this computer on which this process listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_who_holds_a_port_is_named(listener: int) -> None:
    what = failure(lambda: ports.port(listener, "the stack", "docker ps"))
    assert what.startswith("wanted for the stack, held by ")
    assert f"(process {os.getpid()})" in what or "cannot tell" in what
    assert ports.port(listener, "JupyterLab").endswith("; JupyterLab takes another")


def test_a_port_that_nobody_holds_is_free(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = SimpleNamespace(status="LISTEN", laddr=SimpleNamespace(ip="10.0.0.1", port=8123))
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [elsewhere])
    assert ports.port(8123, "the stack") == "free for the stack"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "::1", "127.0.0.1"])
def test_a_port_of_another_users_program(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    laddr = SimpleNamespace(ip=address, port=8123)
    held = SimpleNamespace(status="LISTEN", laddr=laddr, pid=None)
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [held])
    assert "cannot tell which" in failure(lambda: ports.port(8123, "x", "docker ps"))


def test_a_system_that_does_not_say(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    assert "cannot tell which" in failure(lambda: ports.port(listener, "x", "docker ps"))
    with socket.socket() as bound:  # but nobody listens
        bound.bind(("127.0.0.1", 0))
        assert ports.port(bound.getsockname()[1], "x") == "free for x"


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ({}, "none"),
        ({"no": "127.0.0.1"}, "none"),
        ({"https": "http://p:1"}, "for https, not for this computer"),
        ({"http": "http://p:1", "no": "localhost, 127.0.0.1"}, "for http, not for this computer"),
        ({"http": "http://p:1", "all": "x", "no": "*"}, "for http, all, not for this computer"),
    ],
)
def test_a_proxy_that_is_not_asked_for_this_computer(proxies: dict[str, str], seen: str) -> None:
    assert network.proxy(proxies) == seen


@pytest.mark.parametrize("proxies", [{"http": "http://u:secret@p"}, {"all": "x", "no": ".lan"}])
def test_a_proxy_that_is_in_the_way(proxies: dict[str, str]) -> None:
    what = failure(lambda: network.proxy(proxies))
    assert "requests to this computer" in what
    assert "secret" not in what


def test_certificates(tmp_path: Path) -> None:
    assert network.certificates({}) == "the usual ones"
    good = {"SSL_CERT_FILE": certifi.where(), "REQUESTS_CA_BUNDLE": str(tmp_path), "PIP_CERT": ""}
    assert network.certificates(good) == "from SSL_CERT_FILE, REQUESTS_CA_BUNDLE"
    gone = {"SSL_CERT_FILE": str(tmp_path / "gone.pem")}
    assert failure(lambda: network.certificates(gone)).endswith("gone.pem is not there")
    (tmp_path / "empty.pem").write_text("nothing")
    empty = {"PIP_CERT": str(tmp_path / "empty.pem")}
    assert failure(lambda: network.certificates(empty)).endswith("holds no certificates")


# --- Docker -----------------------------------------------------------------------------------


NO_ENGINE = Answer(1, '{"Client": {}, "Server": null}', "Cannot connect to the Docker daemon at x.")
NO_RIGHT = Answer(1, "", "permission denied while trying to connect to the Docker daemon socket")
NOT_INSTALLED = Answer(MISSING, err="docker: command not found")
HANGS = Answer(TOO_SLOW, err="no answer within 2 s")
NO_PLUGIN = Answer(1, "", "docker: unknown command: docker compose")


def server(version: str) -> Answer:
    return Answer(0, json.dumps({"Server": {"Version": version}}))


@pytest.mark.parametrize(
    ("check", "answer", "seen"),
    [
        (docker.engine, server("28.2.2"), "engine 28.2.2"),
        (docker.engine, server("23.0.0-rc1"), "engine 23.0.0-rc1"),
        (docker.compose, Answer(0, "2.38.1"), "2.38.1"),
        (docker.compose, Answer(0, "v5.0.0"), "5.0.0"),
        (docker.buildx, Answer(0, "github.com/docker/buildx v0.24.0 d0e5e86"), "0.24.0"),
        (docker.buildx, Answer(0, "buildx 0.13.1+ds1"), "0.13.1+ds1"),
    ],
)
def test_docker_as_it_should_be(check: Callable[[Answer], str], answer: Answer, seen: str) -> None:
    assert check(answer) == seen


@pytest.mark.parametrize(
    ("check", "answer", "seen"),
    [
        (docker.engine, NOT_INSTALLED, "not installed"),
        (docker.engine, NO_ENGINE, "no engine answers: Cannot connect"),
        (docker.engine, NO_RIGHT, "no right to its socket"),
        (docker.engine, HANGS, "docker gives no answer within 2 s"),
        (docker.engine, server("19.03.15"), "engine 19.03.15; 20 or newer"),
        (docker.engine, server("dev"), "engine dev; 20 or newer"),
        (docker.engine, Answer(0, "podman"), "no engine answers: it says nothing"),
        (docker.compose, NOT_INSTALLED, "not installed"),
        (docker.compose, Answer(0, "1.29.2"), "only an old one (1.29.2)"),
        (docker.compose, Answer(0, "v2.20.3"), "only an old one (2.20.3)"),
        (docker.compose, HANGS, "no answer"),
        (docker.buildx, NO_PLUGIN, "not installed"),
        (docker.buildx, NOT_INSTALLED, "not installed"),
        (docker.buildx, HANGS, "no answer"),
    ],
)
def test_docker_as_it_should_not_be(
    check: Callable[[Answer], str], answer: Answer, seen: str
) -> None:
    assert seen in failure(lambda: check(answer))


def test_compose_that_is_only_the_old_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "/usr/bin/docker-compose" in failure(lambda: docker.compose(NO_PLUGIN))
    monkeypatch.setattr(docker.shutil, "which", lambda name: None)
    assert failure(lambda: docker.compose(NO_PLUGIN)) == "not installed"


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
            assert docker.registry(url) == f"Docker Hub answers ({status})"
        else:
            assert f"answers {status}" in failure(lambda: docker.registry(url))


def test_no_registry() -> None:
    what = failure(lambda: docker.registry("http://127.0.0.1:9"))
    assert "does not answer (Connect" in what  # refused, or on Windows too slow


# --- Settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({}, "OPENAI_API_KEY, which is not set"),
        ({"OPENAI_API_KEY": "sk-..."}, "OPENAI_API_KEY is a placeholder (…)"),
        ({"OPENAI_API_KEY": "<your secret key>"}, "OPENAI_API_KEY is a placeholder (<yo…y>)"),
    ],
)
def test_a_hosted_model_needs_a_real_key(environment: dict[str, str], what: str) -> None:
    settings = Settings("openai:gpt-4o", "", {}, environment)
    assert what in failure(lambda: settings_checks.model(settings))


def test_a_model_that_can_answer() -> None:
    key = {"OPENAI_API_KEY": "sk-proj-Q7uT2vB9cD4eF6gH"}
    seen = settings_checks.model(Settings("openai:gpt-4o", "", {}, key))
    assert seen == "openai:gpt-4o with OPENAI_API_KEY=sk-…gH"
    assert settings_checks.model(Settings("ollama:llama3.2", "", {}, {})) == "ollama:llama3.2"
    assert "offline" in settings_checks.model(Settings("", "", {}, {}))


def test_an_unknown_provider() -> None:
    settings = Settings("mystery:model", "", {}, {})
    assert "mystery" in failure(lambda: settings_checks.model(settings))


def test_other_keys_are_masked_and_must_not_be_placeholders() -> None:
    own = {"LANGSMITH_API_KEY": "lsv2_pt_Q7uT2vB9cD4eF6gH", "LANE": ""}
    settings = Settings("", "", own, {**own, "GITHUB_TOKEN": "ghp_not_of_this_course"})
    assert settings_checks.keys(settings) == "LANGSMITH_API_KEY=lsv…gH"
    own = {"ANTHROPIC_API_KEY": "your-key-goes-here"}
    what = failure(lambda: settings_checks.keys(Settings("", "", own, own)))
    assert what == "ANTHROPIC_API_KEY is a placeholder (you…re), not a key"
    model_key = Settings("anthropic:claude", "", own, own)
    assert settings_checks.keys(model_key) == "no other is set or needed"


@pytest.mark.parametrize("name", settings_checks.TRACING)
def test_tracing_says_what_leaves_the_machine(name: str) -> None:
    on = {name: "true", "LANGSMITH_API_KEY": "k"}
    assert "are sent" in settings_checks.tracing(Settings("", "", {}, on))
    assert "not set" in failure(
        lambda: settings_checks.tracing(Settings("", "", {}, {name: "true"}))
    )
    for value in ("", "false"):
        assert "nothing is sent" in settings_checks.tracing(Settings("", "", {}, {name: value}))


def test_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_checks, "ENV_FILE", tmp_path / ".env")
    monkeypatch.delenv("LANE", raising=False)
    assert "the defaults hold" in settings_checks.settings_file()
    (tmp_path / ".env").touch()
    assert settings_checks.settings_file() == "deployment/.env is there"
    monkeypatch.setenv("LANE", "moon")
    with pytest.raises(CourseError, match="LANE='moon'"):
        settings_checks.settings_file()
