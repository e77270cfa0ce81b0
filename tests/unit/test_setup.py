"""The commands around the course: `make`, the requirements files, continuous integration."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from course_helpers.doctor import machine
from course_helpers.workspace import lab
from tests import run
from tests.stages import FIRST, STAGES, Stage

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


class TestContinuousIntegration:
    def test_the_script_runs_make_test(self) -> None:
        script = ROOT / ".ci" / "run"
        assert "exec make test" in script.read_text()
        assert os.name != "posix" or os.access(script, os.X_OK)

    def test_the_workflow_covers_three_systems(self) -> None:
        workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
        assert workflow["permissions"] == {"contents": "read"}
        commands = {
            name: [step["run"] for step in job["steps"] if "run" in step]
            for name, job in workflow["jobs"].items()
        }
        assert "make test" in commands["test"]
        assert commands["test-fast"] == ["make test-fast"]
        systems = workflow["jobs"]["test-fast"]["strategy"]["matrix"]["os"]
        assert systems == ["macos-latest", "windows-latest"]

    def test_every_action_has_its_major_version(self) -> None:
        used = re.findall(r"uses: (\S+)", (ROOT / ".github/workflows/ci.yml").read_text())
        assert used
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used)

    def test_all_that_the_workflow_runs_exists(self) -> None:
        workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
        makefile = (ROOT / "Makefile").read_text()
        for job in workflow["jobs"].values():
            for command in (step["run"] for step in job["steps"] if "run" in step):
                target = re.fullmatch(r"make ([a-z-]+)", command)
                assert target, command
                assert re.search(rf"^{target[1]}:", makefile, re.MULTILINE), command

    def test_the_workflow_has_the_versions_of_python_that_the_course_promises(self) -> None:
        workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
        promised = SpecifierSet(PROJECT["project"]["requires-python"])
        versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
        assert versions == ["3.11", "3.14"]
        assert all(version in promised for version in versions)

    def test_the_workflow_leaves_a_slow_machine_the_time(self) -> None:
        workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
        assert workflow["jobs"]["test"]["timeout-minutes"] == 90


# See devContainer.base.schema.json.license for where it is from. It is the official schema without
# what single editors add to it.
SCHEMA = Path(__file__).parent / "devContainer.base.schema.json"
CONTAINER = ROOT / ".devcontainer" / "devcontainer.json"


class TestDevelopmentContainer:
    @pytest.fixture
    def schema(self) -> Draft201909Validator:
        return Draft201909Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

    @pytest.fixture
    def container(self) -> dict[str, Any]:
        return json.loads(CONTAINER.read_text(encoding="utf-8"))

    def test_fits_the_official_schema(
        self, schema: Draft201909Validator, container: dict[str, Any]
    ) -> None:
        assert [error.message for error in schema.iter_errors(container)] == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"postCreateComand": "make setup"},
            {"hostRequirements": {"memory": "8 GB"}},
            {"hostRequirements": {"cpus": "2"}},
            {"forwardPorts": ["JupyterLab"]},
            {"features": []},
        ],
    )
    def test_the_schema_finds_mistakes(
        self, schema: Draft201909Validator, container: dict[str, Any], wrong: dict[str, Any]
    ) -> None:
        assert not schema.is_valid(container | wrong)

    def test_sets_up_with_make(self, container: dict[str, Any]) -> None:
        assert container["postCreateCommand"] == "make setup"

    def test_its_python_is_one_that_the_course_runs_on(self, container: dict[str, Any]) -> None:
        version = re.fullmatch(r"[a-z./]+/python:(3\.\d+)-bookworm", container["image"])
        assert version
        assert version[1] in SpecifierSet(PROJECT["project"]["requires-python"])

    def test_has_a_docker_of_its_own(self, container: dict[str, Any]) -> None:
        assert list(container["features"]) == ["ghcr.io/devcontainers/features/docker-in-docker:4"]

    def test_asks_for_as_much_as_the_doctor(self, container: dict[str, Any]) -> None:
        asked = container["hostRequirements"]
        assert asked["cpus"] >= 2
        for name, check in (("memory", machine.memory), ("storage", machine.disk)):
            needed = inspect.signature(check).parameters["needed"].default
            assert int(asked[name].removesuffix("gb")) >= needed

    def test_forwards_the_port_of_jupyterlab(self, container: dict[str, Any]) -> None:
        assert container["forwardPorts"] == [lab.USUAL_PORT]
        assert list(container["portsAttributes"]) == [str(lab.USUAL_PORT)]


JUNIT = '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>'


class TestRun:
    stage = Stage("unit", "none", ("true",), track=FIRST)

    def test_counts_come_from_the_report(self, tmp_path: Path) -> None:
        (tmp_path / "unit.xml").write_text(JUNIT)
        result = run.read_report(self.stage, tmp_path / "unit.xml", code=1, seconds=2.0)
        assert (result.passed, result.failed, result.skipped) == (2, 2, 1)

    @pytest.mark.parametrize("code", [2, 4, 5, -9])
    def test_a_stage_without_a_report_has_failed(self, tmp_path: Path, code: int) -> None:
        result = run.read_report(self.stage, tmp_path / "unit.xml", code, seconds=2.0)
        assert result.failed == 1

    def test_a_report_of_nothing_but_passes_fails_with_the_process(self, tmp_path: Path) -> None:
        (tmp_path / "unit.xml").write_text('<testsuite tests="3" failures="0" errors="0"/>')
        assert run.read_report(self.stage, tmp_path / "unit.xml", 3, 1.0).failed == 1
        assert run.read_report(self.stage, tmp_path / "unit.xml", 0, 1.0).failed == 0

    @pytest.mark.parametrize(("ci", "failed"), [("true", 1), ("", 0)])
    def test_what_could_not_run_fails_only_in_ci(
        self, monkeypatch: pytest.MonkeyPatch, ci: str, failed: int
    ) -> None:
        monkeypatch.setenv("CI", ci)
        stage = Stage("browser", "embedded", ("false",), needs=lambda: "no browser: install it")
        result = run.run_stage(stage)
        assert result.failed == failed
        assert "could not run: no browser: install it" in run.summary([result])

    def test_the_last_line_holds_the_totals(self) -> None:
        results = [run.Result(self.stage, 3, 0, 1, 1.5), run.Result(self.stage, 4, 2, 0, 1.5)]
        assert run.summary(results).splitlines()[-1] == "7 passed, 2 failed, 1 skipped"
        assert run.summary(results[1:]).splitlines()[-1] == "4 passed, 2 failed"

    def test_what_failed_is_said_again_at_the_end(self, tmp_path: Path) -> None:
        (tmp_path / "unit.xml").write_text(
            '<testsuites><testsuite tests="2" failures="1" errors="1"><testcase classname="05" '
            'name="Cell 3"><failure message="#x1B[91mCell outputs differ#x1B[0m&#10;a != b"/>'
            '</testcase><testcase classname="a" name="b"><error message="no server"/></testcase>'
            "</testsuite></testsuites>"
        )
        result = run.read_report(self.stage, tmp_path / "unit.xml", code=1, seconds=2.0)
        lines = run.summary([result]).splitlines()
        assert lines[1:4] == ["FAILED 05::Cell 3", "    Cell outputs differ", "    a != b"]
        assert lines[4:6] == ["FAILED a::b", "    no server"]

    def test_no_key_and_no_setting_reaches_the_tests(self) -> None:
        foreign = {
            "OPENAI_API_KEY": "sk-1",
            "OPENAI_BASE_URL": "http://localhost",
            "LANGCHAIN_TRACING_V2": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANE": "official",
            "PATH": "/bin",
        }
        environment = run.stage_environment(foreign)
        assert environment["PATH"] == "/bin"
        assert environment["TASK_MAISTRO_NOW"] == "2026-03-04T09:00:00"
        assert environment["LANGSMITH_TRACING"] == "false"
        assert not any(environment.get(name) for name in foreign if name != "PATH")

    def test_every_folder_of_tests_has_its_stage(self) -> None:
        folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
        covered = " ".join(" ".join(stage.command) for stage in STAGES)
        assert all(f"tests/{folder}" in covered for folder in folders)
