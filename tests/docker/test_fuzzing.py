"""Requests that nobody would send: whatever the OpenAPI document allows, the server never breaks.

Schemathesis needs other versions of packages than langgraph-api, so that it has an environment of
its own in `build/`. Streams and what waits for a run are left out: a generated run may go on long.
"""

from __future__ import annotations

import os
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_helpers.core.processes import run
from course_helpers.core.settings import ROOT
from tests.docker.replicas import engine

SCHEMATHESIS = "schemathesis==4.32.5"
OPTIONS = (
    *("--checks", "not_a_server_error", "--phases", "fuzzing", "--max-examples", "15"),
    *("--seed", "1", "--workers", "2", "--request-timeout", "10", "--no-color"),
    *("--exclude-path-regex", "stream|/join|/wait$|/docs"),
)


@pytest.fixture(scope="module")
def schemathesis() -> Path:
    """Return the program, installed once into an environment of its own."""
    folder = ROOT / "build" / SCHEMATHESIS
    program = folder / "bin" / "schemathesis"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", SCHEMATHESIS]
        answer = run(install, 200)
        if answer.code != 0 and not os.environ.get("CI"):
            pytest.skip(f"{SCHEMATHESIS} cannot be installed: {answer.err[-200:]}")
        assert answer.code == 0, answer.err
    return program


@pytest.fixture(scope="module")
def url(made_images: None) -> Iterator[str]:
    with engine() as address:
        yield address


@pytest.mark.skipif(sys.platform == "win32", reason="the environment's folders have other names")
def test_no_generated_request_is_answered_500(url: str, schemathesis: Path) -> None:
    command = [str(schemathesis), "run", f"{url}/openapi.json", *OPTIONS]
    answer = run(command, 200, ROOT / "build")  # it keeps a folder where it runs
    print(answer.out[-600:])
    assert answer.code == 0, answer.out[-3000:]
