"""The commands around the course: `make`, the requirements files, continuous integration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKE = shutil.which("make")
needs_make = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in the course's folder."""
    # A test run by make must not pass make's own settings on.
    inherited = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_make
class TestMake:
    def test_lists_every_command(self) -> None:
        targets = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert targets
        listed = re.findall(r"^make ([a-z-]+) +\S", make().stdout, re.MULTILINE)
        assert sorted(listed) == sorted(set(targets[1].split()) - {"FORCE"})

    def test_has_the_promised_commands(self) -> None:
        listed = make("help").stdout
        for name in ("lab", "test", "test-fast", "notebooks", "lint", "lock", "reset", "clean"):
            assert re.search(rf"^make {name} ", listed, re.MULTILINE)

    def test_cleaning_keeps_the_learners_files(self) -> None:
        commands = make("--dry-run", "clean").stdout
        assert ".venv" in commands
        assert not re.search(r"\bwork\b|\.env\b", commands)

    @pytest.mark.parametrize(
        ("command", "word"),
        [(("restore", "FROM=x", "OVER={}"), "over"), (("down", "VOLUMES={}"), "volumes")],
    )
    @pytest.mark.parametrize("value", ["1", "0", "no", "false", ""])
    def test_only_1_deletes_data(self, command: tuple[str, ...], word: str, value: str) -> None:
        said = make("--dry-run", *(part.format(value) for part in command)).stdout
        assert said.split()[-1:] == [word] if value == "1" else word not in said.split()
        assert "course_helpers." in said


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """What `.ci/venv.sh` needs, and a PATH with nothing but what the test puts there."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / ".ci/venv.sh", tmp_path / ".ci")
    return tmp_path


def fake_python(course: Path, name: str, version: str) -> Path:
    """Put a command on the PATH that says it is this version of Python."""
    path = course / "bin" / name
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def run_setup(course: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up as make does, with only the fake commands on the PATH."""
    return subprocess.run(
        ["/bin/sh", ".ci/venv.sh", "requirements.txt"],
        cwd=course,
        env={"PATH": str(course / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(os.name != "posix", reason="the fake interpreters are shell scripts")
class TestFindingPython:
    @pytest.mark.parametrize("version", ["3.9.2", "3.10.13", "3.15.0", "2.7.18"])
    def test_a_version_that_does_not_fit_is_a_sentence(self, course: Path, version: str) -> None:
        python = fake_python(course, "python3", version)
        done = run_setup(course)
        assert done.returncode == 1
        assert f"only {version} at {python}" in done.stderr
        assert "https://www.python.org/downloads/" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not (course / ".venv").exists()

    def test_no_python_at_all_is_a_sentence(self, course: Path) -> None:
        done = run_setup(course)
        assert done.returncode == 1
        assert "Python 3.11, 3.12, 3.13 or 3.14" in done.stderr

    def test_a_newer_one_beside_an_older_is_found(self, course: Path) -> None:
        fake_python(course, "python3", "3.9.2")
        newer = fake_python(course, "python3.12", "3.12.1")
        assert f"Making .venv with Python 3.12.1 ({newer})" in run_setup(course).stdout

    def test_the_one_that_is_named_is_taken(self, course: Path) -> None:
        fake_python(course, "python3", "3.13.0")
        named = fake_python(course, "my python", "3.12.1")
        assert f"Python 3.12.1 ({named})" in run_setup(course, PYTHON=str(named)).stdout

    def test_the_one_that_is_named_must_fit(self, course: Path) -> None:
        fake_python(course, "python3", "3.13.0")
        done = run_setup(course, PYTHON=str(fake_python(course, "old", "3.8.1")))
        assert done.returncode == 1
        assert "only 3.8.1 at" in done.stderr


FAKE_PYTHON = """#!/bin/sh
case "$*" in
    *platform*) echo 3.12.1 ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip install"*) test ! -e no-network ;;
esac
"""
FAKE_UV = """#!/bin/sh
test ! -e no-uv && echo Installed && echo " + package==1.0"
"""


@needs_make
@pytest.mark.skipif(os.name != "posix", reason="the fake interpreters are shell scripts")
class TestVenv:
    """When `.venv` is made, brought up to date or left alone; nothing is really installed."""

    @pytest.fixture
    def course(self, tmp_path: Path) -> Path:
        course = tmp_path / "my course"
        (course / ".ci").mkdir(parents=True)
        (course / "bin").mkdir()
        for name in ("Makefile", ".ci/venv.sh", "pyproject.toml"):
            shutil.copy(ROOT / name, course / name)
        (course / "requirements.txt").touch()
        for name, script in (("python3", FAKE_PYTHON), ("uv", FAKE_UV)):
            (course / "bin" / name).write_text(script)
            (course / "bin" / name).chmod(0o755)
        return course

    def setup(self, course: Path) -> subprocess.CompletedProcess[str]:
        path = f"{course / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return make("-C", str(course), "--no-print-directory", "setup", PATH=path, PYTHON="")

    def test_a_second_call_does_nothing_within_three_seconds(self, course: Path) -> None:
        first = self.setup(course)
        assert first.stdout.splitlines()[0].startswith("Making .venv with Python 3.12.1")
        assert "package==" not in first.stdout
        start = time.monotonic()
        assert self.setup(course).stdout == "Set up. Next: make lab\n"
        assert time.monotonic() - start < 3

    def test_new_requirements_are_installed_into_the_same_venv(self, course: Path) -> None:
        self.setup(course)
        later = time.time() + 10
        os.utime(course / "requirements.txt", (later, later))
        assert self.setup(course).stdout.startswith("Installing requirements.txt")

    def test_an_interrupted_set_up_starts_again(self, course: Path) -> None:
        self.setup(course)
        (course / ".venv/.lab").unlink()
        assert self.setup(course).stdout.startswith("Making .venv")

    def test_a_moved_folder_gets_a_new_venv(self, course: Path) -> None:
        self.setup(course)
        moved = course.rename(course.with_name("elsewhere"))
        assert self.setup(moved).stdout.startswith("Making .venv")

    def test_a_removed_python_gets_a_new_venv(self, course: Path) -> None:
        self.setup(course)
        (course / ".venv/bin/python").unlink()
        assert self.setup(course).stdout.startswith("Making .venv")

    def test_pip_installs_where_uv_does_not_work(self, course: Path) -> None:
        (course / "no-uv").touch()
        done = self.setup(course)
        assert done.returncode == 0
        assert "Installing with pip" in done.stdout
        assert (course / ".venv/.lab").exists()

    def test_without_a_network_the_sentence_says_what_to_do(self, course: Path) -> None:
        (course / "no-uv").touch()
        (course / "no-network").touch()
        done = self.setup(course)
        assert done.returncode != 0
        assert "could not be installed" in done.stderr
        assert not (course / ".venv/.lab").exists()
        (course / "no-network").unlink()
        assert self.setup(course).returncode == 0


def names(file: str) -> dict[str, str]:
    """Return the pinned packages of a requirements file and their versions."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    return {package.name: str(package.specifier) for package in pinned}


class TestRequirements:
    @pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
    def test_every_package_is_pinned_and_no_index_or_path_named(self, file: str) -> None:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert "make lock" in text.splitlines()[1]
        assert all(version.startswith("==") for version in names(file).values())
        assert not re.search(r"://|file:|--|^/| @ ", text, re.MULTILINE)

    def test_a_learner_gets_the_course_and_all_it_needs(self) -> None:
        pinned = names("requirements.txt")
        for line in PROJECT["project"]["dependencies"]:
            package = Requirement(line)
            assert package.specifier.contains(pinned[package.name].removeprefix("==")), line
        assert re.search(r"^-e \.", (ROOT / "requirements.txt").read_text(), re.MULTILINE)

    def test_the_tests_get_the_same_versions_and_their_tools(self) -> None:
        learner, dev = names("requirements.txt"), names("requirements-dev.txt")
        assert {n: v for n, v in dev.items() if n in learner and learner[n] != v} == {}
        wanted = {Requirement(line).name.lower() for line in PROJECT["dependency-groups"]["dev"]}
        assert wanted <= set(dev)
