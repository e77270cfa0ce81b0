"""Lesson 03's checks and builds, as far as they need no Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from course_helpers.checks import left_out, lesson_03, released, starts
from course_helpers.core import docker, terminal
from course_helpers.core.errors import BuildError, CourseError, ServerError, SettingsError
from course_helpers.core.processes import Answer
from course_helpers.images.layers import ImageView
from course_helpers.images.secret_search import Found
from course_helpers.practice import waiting
from course_helpers.practice.builds import Step, build_image, read_steps
from course_helpers.practice.containers import PracticeContainers

ENGINE = ("linux", "python")
OLD = (*ENGINE, "requirements", "packages", "files", "metadata")
LOG = """\
#4 [ 1/13] FROM docker.io/library/task-maistro-engine:3.13
#4 CACHED

#9 [12/13] RUN uv pip uninstall --system pip
#9 DONE 0.5s

#6 [ 2/13] ADD requirements.txt   /deps/outer-deployment/src/requirements.txt
#6 CACHED

#10 [ 4/13] ADD . /deps/outer-deployment/src
#10 0.356 CACHED
#10 DONE 0.0s
#5 [internal] load build context
"""


@pytest.mark.parametrize(
    ("new", "passed", "says"),
    [
        (OLD, False, "is the image v1.0.0"),
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


def test_the_steps_of_a_build() -> None:
    assert read_steps(LOG) == [
        Step(2, "ADD requirements.txt /deps/outer-deployment/src/requirements.txt", True),
        Step(4, "ADD . /deps/outer-deployment/src", False),
        Step(12, "RUN uv pip uninstall --system pip", False),
    ]


def test_a_build_without_a_name_is_refused() -> None:
    with pytest.raises(BuildError, match="no name"):
        build_image("langgraph build --no-pull")


@pytest.mark.parametrize(
    ("err", "says"),
    [
        (
            "docker: open nowhere.env: no such file or directory\n\nRun 'docker run --help' for more",
            "`docker run` failed: open nowhere.env: no such file or directory.",
        ),
        ("Error response from daemon: refused.", "failed: Error response from daemon: refused."),
        ("", "failed: it says nothing."),
    ],
)
def test_a_command_that_fails_says_why(
    err: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "run", lambda *_: Answer(1, err=err))
    with pytest.raises(ServerError) as caught:
        terminal.run_typed("docker run ${IMAGE}", values={"${IMAGE}": "redis:8"})
    assert says in caught.value.what
    assert capsys.readouterr().out == "$ docker run ${IMAGE}\n"


def test_a_container_that_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    state = '{"Status": "exited", "ExitCode": 1}'
    monkeypatch.setattr(waiting, "run", lambda *_: Answer(0, out=state))
    log = "engine: REDIS_URI is not set: the server has no queue. To fix it: make up."
    monkeypatch.setattr(waiting, "read_log", lambda name: log)
    with pytest.raises(ServerError, match="agent: REDIS_URI is not set"):
        waiting.wait_until_ready("lesson-agent", "agent", lambda: False)


def test_another_base_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "require", lambda build: None)
    monkeypatch.setenv("BASE_IMAGE", "langchain/langgraph-api")
    with pytest.raises(SettingsError, match="BASE_IMAGE is langchain/langgraph-api"):
        PracticeContainers()
