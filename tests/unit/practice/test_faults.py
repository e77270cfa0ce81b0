"""The faults of lesson 09 without containers: what each does, and the riddle of which it is."""

from __future__ import annotations

import pytest

from course_helpers.core.errors import CourseError
from course_helpers.practice.fault_catalogue import FAULTS
from course_helpers.practice.faults import fault, random_fault
from course_helpers.practice.stack import PracticeStack

PROJECT = "course-practice"


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_does_something_and_all_is_undone(
    practice: PracticeStack, done: list[str], name: str
) -> None:
    settings = dict(practice.settings)
    broken = fault(name, practice)
    assert done or practice.settings != settings
    done.clear()
    broken.mend()
    assert practice.settings == settings
    assert "up" in done
    assert done[-2:] == [
        f"remove volumes {PROJECT}_another",
        f"remove images {PROJECT}:changed",
    ]
    done.clear()
    broken.mend()
    assert done == []


def test_a_riddle_does_not_tell(practice: PracticeStack) -> None:
    names = set()
    for seed in range(60):
        riddle = random_fault(practice, seed)
        names.add(riddle.reveal().name)
        assert not any(name.lower() in repr(riddle).lower() for name in FAULTS)
        assert riddle.hint()
        riddle.mend()
    assert names == set(FAULTS)
    with random_fault(practice, "a word") as one:
        pass
    with random_fault(practice, "a word") as other:
        assert one.reveal() == other.reveal()


def test_no_such_fault(practice: PracticeStack) -> None:
    with pytest.raises(CourseError, match="no fault 'redis'") as caught:
        fault("redis", practice)
    assert "Redis down" in caught.value.fix


def test_no_hint_and_no_notice_names_its_fault() -> None:
    for each in FAULTS.values():
        assert each.name.lower() not in f"{each.notice} {each.hint}".lower()
