"""A pytest plugin, beside `own_stack`: notebooks of the lane `embedded` run on the stack."""

from __future__ import annotations

import os

import pytest

from course_helpers.stack import lifecycle


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    os.environ["LANE"] = "open"
    lifecycle.up()
