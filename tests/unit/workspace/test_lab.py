"""`make lab` and `make reset`: the learner's files, the port, the address, the sentences."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from course_helpers.core import settings
from course_helpers.core.errors import CourseError, SettingsError
from course_helpers.workspace import lab, working_copies

LESSON = "00_start_here.ipynb"
REFERENCE = "reference.ipynb"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANE", raising=False)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of one lesson with one picture."""
    output = {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}}
    code = {"cell_type": "code", "source": "1 + 1", "metadata": {}, "id": "a"}
    cell = code | {"execution_count": 3, "outputs": [output | {"execution_count": 3}]}
    text = {"cell_type": "markdown", "source": "# Begin – hier", "metadata": {}, "id": "b"}
    notebook = {
        "cells": [text, cell],
        "metadata": {"widgets": {"state": {}}, "kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "notebooks" / "images").mkdir(parents=True)
    (tmp_path / "notebooks" / LESSON).write_text(json.dumps(notebook), encoding="utf-8")
    (tmp_path / "notebooks" / "reference.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "notebooks" / "draft.ipynb").write_text("{}")
    (tmp_path / "notebooks" / "images" / "map.svg").write_text("<svg/>")
    (tmp_path / "deployment").mkdir()
    return tmp_path


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


class TestEnvFile:
    def test_is_made_from_its_example_and_says_so(
        self, course: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings.prepare_env_file(course / "deployment/.env")
        example = (settings.DEPLOYMENT / ".env.example").read_text()
        assert (course / "deployment/.env").read_text() == example
        assert "deployment/.env" in capsys.readouterr().out

    def test_is_never_overwritten(self, course: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (course / "deployment/.env").write_text("OPENAI_API_KEY=mine\n")
        settings.prepare_env_file(course / "deployment/.env")
        assert (course / "deployment/.env").read_text() == "OPENAI_API_KEY=mine\n"
        assert capsys.readouterr().out == ""

    def test_a_wrong_line_is_named_but_not_shown(self, course: Path) -> None:
        (course / "deployment/.env").write_text("LANE=\nOPENAI API KEY sk-secret\n")
        with pytest.raises(SettingsError, match=r"Line 2 of .*\.env") as caught:
            settings.prepare_env_file(course / "deployment/.env")
        assert "sk-secret" not in str(caught.value)

    def test_a_wrong_value_is_a_sentence(self, course: Path) -> None:
        (course / "deployment/.env").write_text("LANE=moon\n")
        with pytest.raises(SettingsError, match="moon"):
            settings.prepare_env_file(course / "deployment/.env")


class TestWorkingCopies:
    def test_copies_hold_the_lesson_without_its_outputs(self, course: Path) -> None:
        made = working_copies.make_working_copies(course)
        assert made == [course / "work" / LESSON, course / "work" / REFERENCE]
        copy = read(made[0])
        assert [cell["source"] for cell in copy["cells"]] == ["# Begin – hier", "1 + 1"]
        assert copy["cells"][1]["outputs"] == []
        assert copy["cells"][1]["execution_count"] is None
        assert copy["metadata"] == {"kernelspec": {"name": "python3"}}
        assert read(course / "notebooks" / LESSON)["cells"][1]["outputs"], "the lesson is untouched"

    def test_pictures_come_along_and_a_draft_does_not(self, course: Path) -> None:
        working_copies.make_working_copies(course)
        assert (course / "work/images/map.svg").read_text() == "<svg/>"
        assert not (course / "work/draft.ipynb").exists()

    def test_a_learners_file_is_never_overwritten(self, course: Path) -> None:
        (course / "work" / "images").mkdir(parents=True)
        (course / "work" / LESSON).write_text("mine")
        (course / "work" / REFERENCE).write_text("mine too")
        (course / "work/images/map.svg").write_text("my drawing")
        assert working_copies.make_working_copies(course) == []
        assert (course / "work" / LESSON).read_text() == "mine"
        assert (course / "work/images/map.svg").read_text() == "my drawing"

    def test_a_folder_without_lessons_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(CourseError, match="holds no lesson"):
            working_copies.make_working_copies(tmp_path)


class TestReset:
    @pytest.mark.parametrize("number", ["00", "0"])
    def test_gives_a_fresh_copy_and_keeps_each_old_one(self, course: Path, number: str) -> None:
        working_copies.make_working_copies(course)
        for edit in ("first", "second"):
            (course / "work" / LESSON).write_text(edit)
            copy, kept = working_copies.reset_lesson(number, course)
            assert kept is not None
            assert kept.read_text() == edit
            assert read(copy)["cells"][1]["source"] == "1 + 1"
        names = sorted(path.name for path in (course / "work").glob("*.ipynb"))
        assert names == [
            LESSON,
            "00_start_here.old-1.ipynb",
            "00_start_here.old-2.ipynb",
            REFERENCE,
        ]

    def test_without_a_copy_makes_one(self, course: Path) -> None:
        copy, kept = working_copies.reset_lesson("00", course)
        assert copy.exists()
        assert kept is None

    @pytest.mark.parametrize("number", ["7", "", "../00", "start"])
    def test_an_unknown_lesson_lists_the_known_ones(self, course: Path, number: str) -> None:
        with pytest.raises(CourseError, match="there is 00_start_here"):
            working_copies.reset_lesson(number, course)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["reset"], "Which lesson?"),
            (["reset", "99"], "There is no lesson '99'"),
            (["open"], "Unknown command: open."),
        ],
    )
    def test_the_command_line_ends_with_a_sentence(
        self, arguments: list[str], sentence: str
    ) -> None:
        command = [sys.executable, "-m", "course_helpers.workspace.lab", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(sentence)
        assert "Fix: " in done.stderr
        assert "Traceback" not in done.stderr


class TestServer:
    def test_the_usual_port_is_taken_if_it_is_free(self) -> None:
        with socket.create_server((lab.HOST, 0)) as other:
            port = other.getsockname()[1]
        assert lab.choose_port(preferred=port) == port

    def test_another_port_is_taken_if_it_is_not(self) -> None:
        with socket.create_server((lab.HOST, 0)) as other:
            taken = other.getsockname()[1]
            port = lab.choose_port(preferred=taken)
        assert port != taken
        with socket.create_server((lab.HOST, port)):
            pass  # it could be bound: it was free

    def test_only_this_computer_and_no_other_port(self) -> None:
        options = lab.jupyterlab_options(1234, "secret")
        assert "--ServerApp.ip=127.0.0.1" in options
        assert "--ServerApp.port=1234" in options
        assert "--ServerApp.port_retries=0" in options
        assert "--IdentityProvider.token=secret" in options

    @pytest.mark.parametrize(
        ("platform", "environment", "opens"),
        [
            ("linux", {}, False),
            ("linux", {"DISPLAY": ":0"}, True),
            ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
            ("linux", {"BROWSER": "xdg-open"}, True),
            ("darwin", {}, True),
            ("win32", {}, True),
            ("darwin", {"CI": "true"}, False),
            ("linux", {"DISPLAY": ":0", "CI": "1"}, False),
        ],
    )
    def test_a_browser_is_opened_only_where_someone_sees_it(
        self,
        monkeypatch: pytest.MonkeyPatch,
        platform: str,
        environment: dict[str, str],
        opens: bool,
    ) -> None:
        for name in ("CI", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "platform", platform)
        assert lab.has_display() is opens
