"""What a practice stack leaves behind is found and removed, with a stand-in for the engine."""

from __future__ import annotations

import threading
from urllib.parse import unquote

import pytest

from course_helpers.core.errors import DockerError
from course_helpers.practice import cleanup
from tests.unit.fake_engine import FakeEngine, Handler

PROJECT = "course-practice"
NAMES = ["course-practice-api-1", "course-practice_data", "course-practice_another"]


@pytest.fixture
def leftovers(engine: FakeEngine) -> FakeEngine:
    """An engine with leftovers of the project, and with what is not its own."""

    def of_the_project(handler: Handler, key: str, name: str) -> None:
        ours = f"project={PROJECT}" in unquote(handler.path)
        found = [{"Name": name}] if ours else [{"Name": "other"}]
        handler.send_json(200, {key: found} if key else found)

    containers = [{"Names": ["/course-practice-api-1"]}, {"Names": ["/course-api-1"]}]
    engine.on("GET /containers/json", (200, containers))
    engine.on("GET /networks", lambda handler: of_the_project(handler, "", NAMES[1]))
    engine.on("GET /volumes", lambda handler: of_the_project(handler, "Volumes", NAMES[2]))
    engine.on("GET /images/json", (200, [{"RepoTags": ["course-practice:changed", "kept:1"]}]))
    engine.on("DELETE /", (204, None))
    return engine


def removed(engine: FakeEngine) -> list[str]:
    return [asked.partition("?")[0] for asked in engine.asked if asked.startswith("DELETE")]


def test_leftovers_of_a_project(leftovers: FakeEngine) -> None:
    assert cleanup.left(PROJECT) == [*NAMES, "course-practice:changed"]
    cleanup.remove(PROJECT)
    assert removed(leftovers) == [
        "DELETE /containers/course-practice-api-1",
        "DELETE /networks/course-practice_data",
        "DELETE /volumes/course-practice_another",
        "DELETE /images/course-practice:changed",
    ]
    container = next(asked for asked in leftovers.asked if asked.startswith("DELETE /containers"))
    assert "force=True" in container
    assert "v=True" in container


def test_what_cannot_be_removed_is_passed_over(leftovers: FakeEngine) -> None:
    leftovers.on("DELETE /networks", (409, {"message": "it has active endpoints"}))
    leftovers.on("DELETE /containers", (404, {"message": "no such container"}))
    cleanup.remove(PROJECT)
    assert "DELETE /images/course-practice:changed" in removed(leftovers)


@pytest.mark.parametrize(("tags", "goes"), [([], True), (["course:kept"], False)])
def test_an_image_that_lost_its_name_goes(
    tags: list[str], goes: bool, leftovers: FakeEngine
) -> None:
    leftovers.on("GET /images/sha256:1/json", (200, {"RepoTags": tags}))
    cleanup.remove(PROJECT, ["sha256:1"])
    assert ("DELETE /images/sha256:1" in removed(leftovers)) is goes


def test_without_an_engine_nobody_knows(engine: FakeEngine) -> None:
    engine.on("GET /version", (500, {"message": "broken"}))
    with pytest.raises(DockerError):  # which is not to know that nothing is left
        cleanup.left(PROJECT)
    cleanup.remove(PROJECT)


def test_leftovers_are_removed_by_a_process_that_goes_on(leftovers: FakeEngine) -> None:
    done = threading.Event()

    def note(handler: Handler) -> None:
        done.set()  # first: who has asked may end as soon as it is answered
        handler.send_json(200, [])

    leftovers.on("DELETE /images", note)
    cleanup.remove_soon(PROJECT)
    assert done.wait(20)
