"""Where the course is tested and developed: the workflow, and the development container."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from packaging.specifiers import SpecifierSet

from course_helpers.doctor import machine
from course_helpers.workspace import lab

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKE = shutil.which("make")


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
