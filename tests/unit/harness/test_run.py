"""`make test`: its stages, what they are counted by, and what it says in the end."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from tests import run
from tests.stages import FIRST, STAGES, Stage

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKE = shutil.which("make")


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
