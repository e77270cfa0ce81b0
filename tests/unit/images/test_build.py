"""Why a build failed, from its log."""

from __future__ import annotations

from course_helpers.images.build import build_cause


def test_the_cause_of_a_failed_build_is_what_was_said_last() -> None:
    log = (
        "#7 [3/8] RUN apt-get install nothing\n"
        "#7 1.21 E: Unable to locate package nothing\n"
        "#7 ERROR: executor failed running [/bin/sh -c apt-get install nothing]: exit code: 100\n"
        "------\n > [3/8] RUN apt-get install nothing:\n"
        "#7 1.21 E: Unable to locate package nothing\n"
        "------\nERROR: failed to solve: executor failed running\n"
    )
    assert build_cause(log) == "E: Unable to locate package nothing"
    assert build_cause("") == "it says nothing"
