"""The result code: what it says, and what is noticed when it is mistyped."""

from __future__ import annotations

import re
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import STATES
from course_helpers.doctor import CHECKS
from course_helpers.doctor.codes import FORM, SYSTEMS, Report, decode, encode
from tests.unit.doctor.examined import EXAMPLE
from tests.unit.shared import EVIL

reports = st.builds(
    Report,
    st.lists(st.sampled_from(STATES), min_size=len(CHECKS), max_size=len(CHECKS)).map(tuple),
    st.integers(min_value=0, max_value=31),
    st.sampled_from(SYSTEMS),
    st.builds("{}.{}.{}".format, st.integers(0, 7), st.integers(0, 31), st.integers(0, 15)),
)


@given(reports)
def test_a_code_says_what_was_found(report: Report) -> None:
    code = encode(report)
    assert re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code)
    assert decode(code, len(CHECKS)) == report
    assert decode(f" {code.lower().replace('-', ' ')}", len(CHECKS)) == report


@given(reports, st.integers(0, 15), st.sampled_from(ascii_uppercase + "234567"))
def test_one_mistyped_digit_is_noticed(report: Report, place: int, digit: str) -> None:
    code = encode(report).replace("-", "")
    typed = code[:place] + digit + code[place + 1 :]
    if typed != code:
        with pytest.raises(CourseError, match="mistyped"):
            decode(typed, len(CHECKS))


@given(reports, st.integers(0, 14))
def test_two_swapped_digits_are_noticed(report: Report, place: int) -> None:
    code = encode(report).replace("-", "")
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if typed != code:
        with pytest.raises(CourseError, match="mistyped"):
            decode(typed, len(CHECKS))


@pytest.mark.parametrize("code", ["", "BAAA", "0AAA-ACM2-43ST-AAAA", "BAAA-ACM2-43ST-AAAA-A", EVIL])
def test_what_is_not_a_code_is_said(code: str) -> None:
    with pytest.raises(CourseError, match="is not a result code"):
        decode(code, len(CHECKS))


def test_a_code_of_another_version_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    code = encode(EXAMPLE)
    monkeypatch.setattr("course_helpers.doctor.codes.FORM", FORM + 1)
    with pytest.raises(CourseError, match="another version"):
        decode(code, len(CHECKS))


def test_a_code_with_more_than_the_checks_is_refused() -> None:
    with pytest.raises(CourseError, match="mistyped"):
        decode(encode(Report(("FAIL",) * len(CHECKS), 13, "Linux", "1.2.3")), len(CHECKS) - 1)


def test_who_changes_the_checks_changes_the_version() -> None:
    names = "Python Packages Kernel Panels Settings Model Keys Tracing Processor WSL Memory Disk Docker Compose Buildx Images Proxy Certificates Port_8888 Port_2024 Stack's_port Stack"
    assert (FORM, [check.name.replace(" ", "_") for check in CHECKS]) == (4, names.split())
