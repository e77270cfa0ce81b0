"""`.ci/venv.sh` in a bundle: what it installs from, and where it cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_helpers.core.settings import ROOT
from course_helpers.workspace import bundle
from tests.unit.shared import make_file, needs_posix

# Answers questions like the real Python, and only records what else it is to do.
PYTHON = f"""#!/bin/sh
case "$*" in
    -c*) exec {sys.executable} "$@" ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip --version") test ! -e no-pip ;;
    "-m ensurepip") exit 1 ;;
    "wheels/pip-1.0-py3-none-any.whl/pip install --quiet pip") rm no-pip ;;
    "-m pip install"*) echo "$PIP_NO_INDEX $PIP_FIND_LINKS $*" >>calls ;;
esac
"""


@needs_posix
class TestInstalling:
    @pytest.fixture
    def there(self, tmp_path: Path) -> Path:
        make_file(tmp_path / "python", PYTHON)
        (tmp_path / "python").chmod(0o755)
        (tmp_path / ".ci").mkdir()
        shutil.copy(ROOT / ".ci/venv.sh", tmp_path / ".ci")
        make_file(tmp_path / bundle.MADE_FOR, f"{bundle.made_for()}\n")
        return tmp_path

    def install(
        self, there: Path, requirements: str = "requirements.txt"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", ".ci/venv.sh", requirements],
            cwd=there,
            env={"PATH": "/usr/bin:/bin", "PYTHON": str(there / "python")},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_packages_come_from_the_folder(self, there: Path) -> None:
        done = self.install(there)
        assert done.returncode == 0, done.stderr
        calls = (there / "calls").read_text().splitlines()
        assert calls
        assert all(call.startswith("1 wheels -m pip install") for call in calls)

    def test_pip_too_where_python_has_none(self, there: Path) -> None:
        (there / "no-pip").touch()
        make_file(there / "wheels/pip-1.0-py3-none-any.whl", "")
        done = self.install(there)
        assert done.returncode == 0, done.stderr
        assert not (there / "no-pip").exists()

    def test_the_tests_tools_do_not(self, there: Path) -> None:
        assert self.install(there, "requirements-dev.txt").returncode == 0
        assert (there / "calls").read_text().startswith("  -m pip install")

    @pytest.mark.parametrize("other", ["Plan9 x86_64", "Linux pdp11"])
    def test_another_system_is_one_sentence(self, there: Path, other: str) -> None:
        version = bundle.made_for().partition(", ")[2]
        make_file(there / bundle.MADE_FOR, f"{other}, {version}\n")
        done = self.install(there)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert f"made for {other}, {version}, and here is {bundle.made_for()}" in done.stderr
        assert "make bundle TO=" in done.stderr
        assert not (there / ".venv").exists()

    def test_another_python_is_one_sentence(self, there: Path) -> None:
        make_file(there / bundle.MADE_FOR, "Linux x86_64, Python 3.1\n")
        done = self.install(there)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        seen = f"Python {sys.version.split()[0]} at {there / 'python'}"
        assert f"made for Linux x86_64, Python 3.1, and here is {seen}" in done.stderr
        assert not (there / ".venv").exists()
