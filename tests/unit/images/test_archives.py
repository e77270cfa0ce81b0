"""Images saved and loaded by a `docker` that does as if."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from course_helpers.core.errors import BuildError
from course_helpers.images import archives
from tests.unit.shared import make_file, needs_posix

pytestmark = needs_posix

FAKE_DOCKER = """#!/bin/sh
test ! -e no-images || { echo "Error response from daemon: no such image" >&2; exit 1; }
case "$1" in
    save) shift; printf "%s " "$@" ;;
    load) echo "Loaded image: redis:8"; cat "$3" >loaded ;;
esac
"""


@pytest.fixture(autouse=True)
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `docker` that does as if, in an empty current folder."""
    make_file(tmp_path / "bin/docker", FAKE_DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)


def test_images_are_saved_and_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    archive = Path("images.tar.gz")
    archives.save_images(["redis:8", "task-maistro"], archive)
    assert gzip.decompress(archive.read_bytes()) == b"redis:8 task-maistro "
    archives.load_images(archive)
    assert Path("loaded").read_bytes() == archive.read_bytes()
    assert capsys.readouterr().out == "  Loaded image: redis:8\n"


def test_dockers_reason_is_told() -> None:
    Path("no-images").touch()
    with pytest.raises(BuildError, match=r"could not be saved: .*no such image"):
        archives.save_images(["redis:8"], Path("images.tar.gz"))
    with pytest.raises(BuildError, match=r"images.tar.gz could not be loaded: .*no such image"):
        archives.load_images(Path("images.tar.gz"))
