"""The images: what each holds, what it does not, and how fast the agent's is made again."""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from course_helpers.core.processes import run
from course_helpers.core.settings import load_settings
from course_helpers.images import names
from course_helpers.images.build import image_sources
from course_helpers.images.make import DEPLOYMENT, BuildError, make_images
from course_helpers.images.names import PYTHON, base_image, stack_images
from course_helpers.stack import lifecycle
from tests.docker.helpers import docker
from tests.docker.project import IMAGE

Build = Callable[[Callable[[Path], None]], str]
ENGINE = f"{names.ENGINE}:{PYTHON}"


def inside(image: str, *command: str, user: str = "0") -> str:
    """Return what a command prints in a container of an image."""
    in_a_container = [
        "run",
        "--rm",
        "--network",
        "none",
        "--user",
        user,
        "--entrypoint",
        command[0],
    ]
    return docker(*in_a_container, image, *command[1:])


def test_the_sizes_are_printed(made_images: None) -> None:
    settings = load_settings()
    python = base_image(settings, "PYTHON_IMAGE")
    for image in (python, ENGINE, *stack_images(settings)):
        size = int(docker("image", "inspect", "--format", "{{.Size}}", image))
        print(f"{image}: {size / 1e6:.0f} MB")
        assert 50e6 < size < 900e6


def test_what_the_stack_needs_of_redis_and_postgres(made_images: None) -> None:
    redis, postgres, _ = stack_images(load_settings())
    assert inside(redis, "id", "-u", "redis") == inside(postgres, "id", "-u", "postgres") == "999"
    assert re.search(r"v=8\.", inside(redis, "redis-server", "--version"))
    assert " 17." in inside(postgres, "postgres", "--version")
    find = ("sh", "-c", "ls $(pg_config --sharedir 2>/dev/null || echo /usr/share/postgresql/17)")
    assert "extension" in inside(postgres, *find)


def test_the_engine_meets_the_contract_of_langgraph_build(made_images: None) -> None:
    for path in ("/usr/bin/uv", "/usr/bin/uvx", "/api/constraints.txt", "/api/healthcheck.py"):
        inside(ENGINE, "test", "-f", path)
    assert "aegra-api==0.11.0" in inside(ENGINE, "cat", "/api/constraints.txt")
    config = json.loads(docker("image", "inspect", ENGINE))[0]["Config"]
    assert config["Entrypoint"] == ["python", "-m", "open_engine"]
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "/api/healthcheck.py"]
    assert "8000/tcp" in config["ExposedPorts"]


def test_the_finished_image_has_no_build_tools(made_images: None) -> None:
    command = ["docker", "run", "--rm", "--entrypoint", "sh", IMAGE, "-c"]
    assert run([*command, "command -v uv || command -v pip"], 60).code != 0
    assert "aegra-api" in inside(IMAGE, "python", "-c", _PACKAGES)


_PACKAGES = "from importlib.metadata import distributions as d; print([x.name for x in d()])"


def test_nothing_is_made_twice(made_images: None, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    make_images()
    said = capsys.readouterr().out
    assert f"{ENGINE}: up to date" in said


def test_a_changed_line_is_in_the_image_within_seconds(built: Build) -> None:
    def change(folder: Path) -> None:
        source = folder / "task_maistro.py"
        source.write_text(source.read_text() + "\nCHANGED = True\n")

    started = time.monotonic()
    image = built(change)
    seconds = time.monotonic() - started
    print(f"rebuilt after a one-line change in {seconds:.1f} s")
    assert seconds < 30
    assert "CHANGED" in inside(image, "tail", "-1", "/deps/outer-deployment-0/src/task_maistro.py")


def test_an_image_is_built_with_the_network_cut(made_images: None, tmp_path: Path) -> None:
    config = str(DEPLOYMENT / "langgraph.json")
    build = [sys.executable, "-m", "langgraph_cli", "build", "--config", config, "--no-pull"]
    name = f"{IMAGE}-offline"
    cut = ["--", "--network", "none", "--no-cache"]
    environ = {**os.environ, "LANGGRAPH_CLI_NO_ANALYTICS": "1"}
    base = ["--base-image", names.ENGINE, "--tag", name]
    answer = run([*build, *base, *cut], 120, environ=environ)
    assert answer.code == 0, answer.out + answer.err
    docker("image", "rm", name)


def test_no_secret_is_in_any_layer(built: Build, tmp_path: Path) -> None:
    secret = "sk-proj-never-in-an-image"

    def add_secrets(folder: Path) -> None:
        (folder / ".env").write_text(f"OPENAI_API_KEY={secret}\n")
        (folder / ".env.production").write_text(f"OPENAI_API_KEY={secret}\n")
        (folder / ".langgraph_api").mkdir()
        (folder / ".langgraph_api" / "store.pckl").write_text(secret)

    archive = tmp_path / "image.tar"
    docker("save", "--output", str(archive), built(add_secrets))
    own = len(json.loads(docker("image", "inspect", ENGINE))[0]["RootFS"]["Layers"])
    with tarfile.open(archive) as image:
        layers = json.load(image.extractfile("manifest.json"))[0]["Layers"]  # type: ignore[arg-type]
        assert len(layers) > own + 5
        for name in layers[own:]:  # those above the engine's
            assert secret.encode() not in image.extractfile(name).read(), name  # type: ignore[union-attr]


def test_a_graph_may_bring_another_langchain_core(built: Build, fresh: None) -> None:
    wanted = "1.7.1"
    try:
        httpx.get("https://pypi.org/simple/langchain-core/", timeout=5).raise_for_status()
    except httpx.HTTPError:
        pytest.skip("PyPI does not answer: another langchain-core cannot be installed")

    def pin(folder: Path) -> None:
        requirements = folder / "requirements.txt"
        requirements.write_text(requirements.read_text() + f"langchain-core=={wanted}\n")

    image = built(pin)
    version = "from importlib.metadata import version; print(version('langchain-core'))"
    assert inside(image, "python", "-c", version) == wanted
    assert lifecycle.up()


def test_a_graph_cannot_replace_the_server(built: Build) -> None:
    def pin(folder: Path) -> None:
        requirements = folder / "requirements.txt"
        requirements.write_text(requirements.read_text() + "aegra-api==0.10.0\n")

    with pytest.raises(BuildError, match="aegra-api"):
        built(pin)


def test_the_engine_refuses_another_aegra(made_images: None) -> None:
    lie = (
        "import importlib.metadata as m; real = m.version\n"
        "m.version = lambda name: '0.99.0' if name == 'aegra-api' else real(name)\n"
        "import runpy, sys; sys.argv = ['x']; runpy.run_module('open_engine', run_name='__main__')"
    )
    command = ["docker", "run", "--rm", "--entrypoint", "python", IMAGE, "-c", lie]
    answer = run(command, 60)
    assert answer.code == 1
    assert "needs aegra-api 0.11.0 and finds 0.99.0" in answer.err


def test_importing_the_engine_changes_nothing(made_images: None) -> None:
    script = (Path(__file__).parent / "import_all.py").read_text()
    assert inside(ENGINE, "python", "-c", script).splitlines()[-1] == "[]"


def test_another_executor_fails_the_start(made_images: None) -> None:
    start = (
        "import os, sys; os.environ['REDIS_BROKER_ENABLED'] = 'false'\n"
        "from open_engine.startup import serving\n"
        "serving.prepare = lambda: None; sys.exit(serving.main())"
    )
    answer = run(["docker", "run", "--rm", "--entrypoint", "python", ENGINE, "-c", start], 60)
    assert answer.code == 1
    assert "a LocalExecutor, not a WorkerExecutor" in answer.err.splitlines()[-1]


def test_the_label_says_what_an_image_was_made_from(made_images: None) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", image_sources(ENGINE) or "")
    assert image_sources("task-maistro-test-missing") is None
