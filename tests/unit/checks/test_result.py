"""A deployment and a check's result are shown escaped."""

from __future__ import annotations

from course_helpers.checks import Result
from course_helpers.lanes import Deployment
from tests.unit.shared import EVIL


def test_a_deployment_and_a_check_are_escaped() -> None:
    deployment = Deployment("http://x", "embedded", "why", "engine", EVIL, "store")
    assert "<script" not in deployment._repr_html_()
    assert repr(deployment).startswith("Lane    embedded: why")
    assert "<script" not in Result(False, EVIL)._repr_html_()
    assert repr(Result(True, "well done")) == "Solved: well done"
