"""Which files are part of the course, and which are never copied."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from course_helpers.core.settings import ROOT
from course_helpers.workspace import course_files
from tests.unit.shared import make_file

KEY = "a-key-of-somebody"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course's folder in use: with files of the course, and with all that git ignores."""
    course = tmp_path / "the course"
    for name in (
        *("README.md", "deployment/.env.example", "deployment/.dockerignore", "a/work/b.py"),
        *("notebooks/images/a.png", "deployment/images/Dockerfile", ".ci/venv.sh"),
    ):
        make_file(course / name, "")
    shutil.copy(ROOT / ".gitignore", course)
    for name in ignored_files():
        make_file(course / name, KEY)
    return course


def ignored_files() -> list[str]:
    """Return a file for each line of `.gitignore`."""
    lines = (ROOT / ".gitignore").read_text().split()
    patterns = [line.lstrip("/").replace("*", "x") for line in lines if line[0] != "!"]
    return [f"{name}inside/x.py" if name.endswith("/") else name for name in patterns]


class TestFiles:
    def test_nothing_that_git_ignores_is_part_of_the_course(self, course: Path) -> None:
        found = {path.as_posix() for path in course_files.course_files(course)}
        assert {"README.md", "deployment/.env.example", ".ci/venv.sh", ".gitignore"} <= found
        assert {"notebooks/images/a.png", "deployment/images/Dockerfile", "a/work/b.py"} <= found
        assert len(ignored_files()) > 10
        assert not found & set(ignored_files())

    @pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
    def test_it_is_the_same_with_git_and_without(self, course: Path) -> None:
        (course / "a" / "work").rename(course / "a" / "tasks")  # git ignores it everywhere
        without = course_files.course_files(course)
        subprocess.run(["git", "init", "--quiet", course], check=True)
        subprocess.run(["git", "-C", course, "add", "README.md"], check=True)
        assert course_files.course_files(course) == without
        make_file(course / ".git/info/exclude", "/notes.txt")
        make_file(course / "notes.txt", "")
        (course / "README.md").unlink()
        assert course_files.course_files(course) == [p for p in without if p != Path("README.md")]

    def test_no_secret_is_copied(self, course: Path, tmp_path: Path) -> None:
        make_file(course / "src/.env", KEY)
        make_file(course / "deployment/.env.production", KEY)
        course_files.copy_course(course, tmp_path / "copy")
        copied = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
        assert len(copied) == 8
        assert not [path for path in copied if KEY in path.read_text()]

    def test_another_settings_file_is_left_out_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        staging = Path("deployment/staging")
        assert not course_files.is_left_out(staging)
        monkeypatch.setattr(course_files, "ENV_FILE", ROOT / staging)
        assert course_files.is_left_out(staging)

    def test_this_course_is_all_there(self) -> None:
        found = {path.as_posix() for path in course_files.course_files(ROOT)}
        assert {"Makefile", "LICENSE", "requirements.txt", "pyproject.toml"} <= found
        assert {"deployment/langgraph.json", "src/course_helpers/lanes.py"} <= found
        assert {"deployment/engine/Dockerfile", "deployment/docker-compose.yml"} <= found
