"""A build of an image, as far as it needs no Docker."""

from __future__ import annotations

import pytest

from course_helpers.core.errors import BuildError
from course_helpers.core.processes import Answer
from course_helpers.practice import builds
from course_helpers.practice.builds import Step, build_image, read_steps, take_replaced

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


def test_the_steps_of_a_build() -> None:
    assert read_steps(LOG) == [
        Step(2, "ADD requirements.txt /deps/outer-deployment/src/requirements.txt", True),
        Step(4, "ADD . /deps/outer-deployment/src", False),
        Step(12, "RUN uv pip uninstall --system pip", False),
    ]


def test_a_build_without_a_name_is_refused() -> None:
    with pytest.raises(BuildError, match="no name"):
        build_image("langgraph build --no-pull")


def test_an_image_that_loses_its_name_is_remembered_until_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = ["", "first", "first", "first", "second"]  # the first build replaces nothing
    monkeypatch.setattr(builds, "inspect_image", lambda image: {"Id": ids.pop(0)})
    monkeypatch.setattr(builds, "run", lambda *_: Answer(0, LOG, ""))
    for _ in range(3):
        build_image("docker build --tag lesson .")
    assert (take_replaced(), take_replaced()) == ({"first"}, set())
