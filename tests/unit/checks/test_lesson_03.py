"""What the self-checks of lesson 03 answer, without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from course_helpers.checks import left_out, lesson_03, released, starts
from course_helpers.core.errors import BuildError, CourseError, ServerError
from course_helpers.images.layers import ImageView
from course_helpers.images.secret_search import Found

ENGINE = ("linux", "python")
OLD = (*ENGINE, "requirements", "packages", "files", "metadata")


@pytest.mark.parametrize(
    ("new", "passed", "says"),
    [
        (OLD, False, "is the same as v1.0.0"),
        (("linux", "other", *OLD[2:]), False, "another base"),
        ((*ENGINE, "new", "new", "new", "new"), False, "requirements.txt"),
        ((*ENGINE, "requirements", "new", "files", "new"), False, "requirements.txt"),
        ((*OLD[:-1], "new"), False, "files is the same"),
        ((*OLD[:4], "new", "new"), True, "v1.1.0 has other files"),
    ],
)
def test_two_releases_are_compared(new: tuple[str, ...], passed: bool, says: str) -> None:
    result = lesson_03.compare(ENGINE, OLD, new)
    assert (result.passed, says in result.message) == (passed, True), result


def image_view(name: str, digests: tuple[str, ...]) -> ImageView:
    return ImageView(name, "id", 1, "linux/amd64", (), digests)


def test_a_release_is_read_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {lesson_03.ENGINE: ENGINE, "lesson:v1.0.0": OLD, "lesson:v1.1.0": (*OLD[:4], "new")}
    monkeypatch.setattr(lesson_03, "read_image", lambda name: image_view(name, known[name]))
    assert released("lesson").passed


def test_a_release_that_was_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ImageView:
        raise BuildError(f"There is no image {name} here.", "make images")

    monkeypatch.setattr(lesson_03, "read_image", missing)
    result = released("lesson")
    assert not result.passed
    assert "There is no image" in result.message


@pytest.mark.parametrize(
    ("found", "passed", "says"),
    [
        ([], True, "in no layer"),
        ([Found("production.env", "/deps/x/settings/production.env")], False, "/deps/x/settings/"),
    ],
)
def test_a_file_left_out(
    found: list[Found], passed: bool, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "production.env"
    file.write_text("PASSWORD=made-up")
    monkeypatch.setattr(lesson_03, "search_layers", lambda image, secrets: found)
    result = left_out("lesson:clean", file, "made-up")
    assert (result.passed, says in result.message) == (passed, True), result


@pytest.mark.parametrize("text", [None, "PASSWORD="])
def test_the_file_must_stay_as_it_is(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "production.env"
    if text is not None:
        file.write_text(text)
    result = left_out("lesson:clean", file, "made-up")
    assert not result.passed
    assert "not there any more" in result.message


class Containers:
    """In the place of the lesson's containers: starts, or fails as one did."""

    def __init__(self, error: CourseError | None) -> None:
        self.error = error
        self.stopped: list[str] = []

    def start_agent(self, *_: Any, **__: Any) -> None:
        if self.error:
            raise self.error

    def stop(self, *services: str) -> None:
        self.stopped += services


def test_a_container_that_does_not_start(tmp_path: Path) -> None:
    containers = Containers(ServerError("mended: REDIS_URI is not set.", "make up"))
    result = starts(containers, "lesson:dev", tmp_path / "mend.env")  # type: ignore[arg-type]
    assert not result.passed
    assert "REDIS_URI is not set" in result.message
    assert containers.stopped == ["mended"]


def test_a_container_that_starts_is_stopped_again(tmp_path: Path) -> None:
    containers = Containers(None)
    result = starts(containers, "lesson:dev", tmp_path / "mend.env")  # type: ignore[arg-type]
    assert result.passed
    assert containers.stopped == ["mended"]
