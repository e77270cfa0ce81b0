"""Breaking a practice stack and mending it, with a stand-in for Docker's command line."""

from __future__ import annotations

import json
import os

import pytest

from course_helpers.core.errors import CourseError, ServerError
from course_helpers.practice import broken_stack, stack
from course_helpers.practice.faults import fault
from course_helpers.practice.stack import PracticeStack
from course_helpers.stack.compose import POSTGRES, compose_command, override_file

PROJECT = "course-practice"


def test_the_order_of_mending(practice: PracticeStack, done: list[str]) -> None:
    with fault("disk full", practice), practice:
        override = json.loads(override_file().read_text())
        assert str(override_file()) in compose_command("ps")
    assert override["services"].keys() == {POSTGRES}
    assert override["volumes"] == {f"{PROJECT}_another": {"external": True}}
    created, changed, removed, up, _, _ = done
    assert created.startswith("volume create ")
    assert "size=8m,uid=999,gid=999,mode=0700" in created
    assert changed == f"up --detach --no-deps --timeout 0 {POSTGRES}"
    assert removed == f"remove containers id-of-{POSTGRES}"
    assert up == "up"


def test_the_second_file_is_for_the_practice_stack_alone(practice: PracticeStack) -> None:
    with fault("memory limit", practice):
        assert "override" not in " ".join(compose_command("ps"))
        with practice:
            assert "override" in compose_command("ps")[-2]


def test_one_fault_at_a_time(practice: PracticeStack) -> None:
    with fault("Redis down", practice):
        with pytest.raises(CourseError, match="is broken already") as caught:
            fault("Postgres down", practice)
        assert "practice.remove()" in caught.value.fix
    fault("Postgres down", practice).mend()


def test_what_cannot_be_broken_is_mended(
    practice: PracticeStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: str, timeout: float) -> None:
        raise ServerError("No.", "-")

    monkeypatch.setattr(broken_stack, "run_compose", refuse)
    with pytest.raises(ServerError, match="No"):
        fault("key missing", practice)
    assert "up" in done


def test_what_cannot_be_mended_is_mended_later(
    practice: PracticeStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = fault("image missing", practice)
    with monkeypatch.context() as patch:
        patch.setattr(practice, "up", lambda: (_ for _ in ()).throw(ServerError("No.", "-")))
        with pytest.raises(ServerError):
            broken.mend()
    assert "API_IMAGE" not in practice.settings
    done.clear()
    broken.mend()
    assert "up" in done


@pytest.mark.parametrize("before", [None, "task-maistro-of-the-shell"])
def test_mended_in_a_block_that_began_while_it_was_broken(
    practice: PracticeStack, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv("API_IMAGE", raising=False)
    if before is not None:
        monkeypatch.setenv("API_IMAGE", before)
    started_with: list[str | None] = []
    monkeypatch.setattr(practice, "up", lambda: started_with.append(os.environ.get("API_IMAGE")))
    broken = fault("image missing", practice)
    with practice:
        assert os.environ["API_IMAGE"] == "task-mastro"
        broken.mend()
        assert os.environ.get("API_IMAGE") == before
    assert started_with == [before]
    assert os.environ.get("API_IMAGE") == before


def test_a_setting_of_the_practice_stack_is_put_back_in_its_block(practice: PracticeStack) -> None:
    practice.settings["API_IMAGE"] = "mine"
    with practice:
        broken = fault("image missing", practice)
    with practice:
        practice.settings["API_IMAGE"] = "a-guess"
        broken.mend()
        assert os.environ["API_IMAGE"] == practice.settings["API_IMAGE"] == "mine"
    assert os.environ.get("API_IMAGE") != "mine"


def test_what_is_mended_says_so(practice: PracticeStack) -> None:
    broken = fault("disk full", practice)
    assert repr(broken) == "Something is broken: Postgres does not start."
    broken.mend()
    assert repr(broken) == "It is mended. What was noticed: Postgres does not start."


def test_what_was_removed_does_not_mend_what_came_after(
    practice: PracticeStack, done: list[str]
) -> None:
    removed = fault("Redis down", practice)
    practice.remove()
    assert "mended" in repr(removed)
    with fault("Postgres down", practice) as other:
        done.clear()
        removed.mend()
        assert done == []
        assert "Something is broken" in repr(other)
        assert "mended" in repr(removed)


def test_a_setting_outlives_a_removal_and_is_told(practice: PracticeStack, done: list[str]) -> None:
    removed = fault("image missing", practice)
    practice.remove()
    assert "Something is broken" in repr(removed)
    done.clear()
    removed.mend()
    assert "mended" in repr(removed)
    assert "API_IMAGE" not in practice.settings
    assert done == []


def test_a_new_practice_stack_ends_what_a_killed_kernel_has_left(
    practice: PracticeStack, done: list[str]
) -> None:
    left = fault("stale volume", practice)
    done.clear()
    after = PracticeStack()
    assert done == ["down", f"leftovers {PROJECT}"]
    with after:
        assert not override_file().exists()
    done.clear()
    left.mend()  # too late: there is nothing to mend
    assert done == []


def test_at_exit_too(practice: PracticeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(stack.cleanup, "remove_soon", started.append)
    practice.up()
    fault("disk full", practice)
    practice._remove_at_exit()
    assert started == [PROJECT]
