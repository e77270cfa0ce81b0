"""What a practice stack leaves is found and removed, with a stand-in for Docker's command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from course_helpers.practice import cleanup

PROJECT = "course-practice"


def test_leftovers_of_a_project(program: Callable[[str, str], None], tmp_path: Path) -> None:
    program(
        "docker",
        f"""echo "$@" >>{tmp_path}/said
case "$1 $2" in
"container ls") echo course-practice-api-1; echo course-api-1;;
"network ls") case "$*" in *project=course-practice*) echo course-practice_data;; *) echo other;; esac;;
"volume ls") case "$*" in *project=course-practice*) echo course-practice_another;; esac;;
"image ls") echo course-practice:changed;;
esac""",
    )
    names = ["course-practice-api-1", "course-practice_data", "course-practice_another"]
    assert cleanup.left(PROJECT) == [*names, "course-practice:changed"]
    cleanup.remove(PROJECT)
    said = (tmp_path / "said").read_text()
    assert "volume rm course-practice_another" in said
    assert "network rm course-practice_data" in said
    assert "image rm --force course-practice:changed" in said
    assert "course-api-1" not in said
    assert os.environ["PATH"].startswith(str(tmp_path))


def test_leftovers_are_removed_by_a_process_that_goes_on(
    program: Callable[[str, str], None], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "said")
    program("docker", f'test "$1" != image || echo "$@" >{tmp_path}/said')
    cleanup.remove_soon(PROJECT)
    assert (tmp_path / "said").read_text().startswith("image ls")  # waits until it is said
