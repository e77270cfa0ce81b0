"""The packages of a bundle, fetched by a stand-in for `python`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from course_helpers.core.errors import BuildError
from course_helpers.workspace import wheels
from tests.unit.shared import make_file, needs_posix

pytestmark = needs_posix


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("WARNING: Retrying (...) after connection broken by '...'", "no network connection"),
        ("ERROR: [Errno 28] No space left on device", "No space left on device"),
    ],
)
def test_pips_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, reason: str
) -> None:
    make_file(tmp_path / "bin/python", f'#!/bin/sh\necho "{said}"\nexit 1\n')
    (tmp_path / "bin/python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    with pytest.raises(BuildError, match="packages could not be fetched") as error:
        wheels.fetch_wheels(tmp_path / "wheels")
    assert reason in error.value.what


def test_packages_are_for_any_release_of_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = f"python_full_version {{}} '3.{sys.version_info.minor}{{}}'"
    pins = ["# pinned", f"old==1 ; {python.format('<', '.5')}"]
    pins += [f"old==2 ; {python.format('>=', '.5')}", f"other==3 ; {python.format('<', '')}"]
    pins += ["all==4", "plan==9 ; sys_platform == 'plan9'", "-e .  # this course"]
    make_file(tmp_path / "requirements.txt", "\n".join(pins))
    make_file(tmp_path / "pyproject.toml", '[build-system]\nrequires = ["setuptools>=77"]\n')
    make_file(tmp_path / "bin/python", '#!/bin/sh\necho "$@" >>calls\n')
    (tmp_path / "bin/python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    monkeypatch.setattr(wheels, "ROOT", tmp_path)
    wheels.fetch_wheels(Path("wheels"))
    calls = [line.split(" wheels ")[1] for line in Path("calls").read_text().splitlines()]
    assert calls == ["setuptools>=77 pip uv old==2 all==4", "old==1"]
