"""What a killed restore has left behind is cleared away."""

from __future__ import annotations

from course_helpers.backup import swap
from tests.unit.backup.fake_stack import FakeStack


def test_the_old_data_alone_gets_its_name_back(fake: FakeStack) -> None:
    fake.held = {"task_maistro_replaced": "old", "task_maistro_restoring": "half"}
    swap.clear_leftovers()
    assert fake.held == {"task_maistro": "old"}
