"""What the self-checks of lesson 09 answer, and its riddles, without Docker."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from course_helpers import check
from course_helpers.checks import lesson_09
from course_helpers.core.errors import ServerError
from course_helpers.core.settings import ROOT
from course_helpers.practice.fault_catalogue import FAULTS, Fault
from course_helpers.stack.compose import REDIS, SERVICES
from course_helpers.stack.containers import Service
from tests.docker.crash_load import LONG, SHORT
from tests.unit.stack.stack_backend import service

NOTEBOOK = json.loads((ROOT / "notebooks" / "09_fix_it.ipynb").read_text())
TEXT = "\n".join("".join(cell["source"]) for cell in NOTEBOOK["cells"])
RIDDLES = {3: "wrong database URI", 2: "port taken", 7: "Redis down"}  # seed -> its solution


class Riddle:
    """A riddle without a stack."""

    def __init__(self, name: str) -> None:
        self.fault = FAULTS[name]

    def reveal(self) -> Fault:
        return self.fault

    def hint(self) -> str:
        return self.fault.hint


class Practice:
    """A practice stack without containers."""

    url = "http://practice"

    def __enter__(self) -> Practice:
        return self

    def __exit__(self, *_: object) -> None: ...


def named(name: str, answer: Any) -> Any:
    riddle: Any = Riddle(name)
    return check.named_fault(riddle, answer)


# --- The name ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [..., "", "  ", None, 3, FAULTS["Redis down"]])
def test_an_untouched_stub(answer: Any) -> None:
    result = named("Redis down", answer)
    assert not result.passed
    assert "Which of the twelve" in result.message


@pytest.mark.parametrize("name", FAULTS)
def test_each_name_is_right_for_its_own_fault_only(name: str) -> None:
    assert [each for each in FAULTS if named(name, each).passed] == [name]
    assert FAULTS[name].sign in named(name, name).message


@pytest.mark.parametrize("answer", ["redis down", " Redis Down ", "REDIS DOWN"])
def test_case_and_blanks_do_not_matter(answer: str) -> None:
    assert named("Redis down", answer).passed


def test_no_such_name() -> None:
    assert "Do you mean 'Redis down'?" in named("port taken", "redis is down").message
    assert "See the table" in named("port taken", "xyzzy").message


def test_a_wrong_name_is_told_what_speaks_against_it_and_not_the_right_one() -> None:
    for right in FAULTS:
        for wrong in FAULTS.keys() - {right}:
            said = named(right, wrong).message
            assert right not in said.replace(wrong, "")
            assert FAULTS[right].hint in said
    assert (
        "one would notice this: Postgres does not start."
        in named("port taken", "disk full").message
    )
    assert "would look the same" in named("port taken", "image missing").message


# --- Mended by hand ---------------------------------------------------------------------------


WELL = [service(name) for name in SERVICES]
KILLED = {"state": "exited", "exit_code": 137}


def mended(
    monkeypatch: pytest.MonkeyPatch,
    *found: Service,
    answer: Any = "Redis down",
    missing: list[str] | None = None,
    journal: str = __file__,
) -> Any:
    monkeypatch.setattr(lesson_09, "override_file", lambda: Path(journal))
    monkeypatch.setattr(lesson_09, "services", lambda: list(found))
    monkeypatch.setattr(lesson_09, "missing_graphs", lambda url, graphs: missing)
    practice, riddle = Practice(), Riddle("Redis down")
    return check.mended_by_hand(practice, riddle, answer)  # type: ignore[arg-type]


def test_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mended(monkeypatch, *WELL, missing=[]).passed
    assert not mended(monkeypatch, *WELL, missing=[], answer=...).passed
    assert not mended(monkeypatch, *WELL, missing=[], answer="Postgres down").passed


def test_mended_by_the_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    result = mended(monkeypatch, *WELL, missing=[], journal="/no/such/file")
    assert str(result).startswith("Not yet: It is whole again, but mend() or remove() did that.")


def test_not_yet_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [each for each in WELL if each.name != REDIS]
    dead = mended(monkeypatch, *others, service(REDIS, **KILLED), missing=[])
    assert f"{REDIS} does not run yet, it is exited with code 137" in dead.message
    assert "it is without a container" in mended(monkeypatch, *others, missing=[]).message
    for missing in (None, ["task_maistro"]):
        assert "does not answer yet" in mended(monkeypatch, *WELL, missing=missing).message


def test_without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[Service]:
        raise ServerError("Docker does not answer.", "start it")

    monkeypatch.setattr(lesson_09, "services", refuse)
    riddle: Any = Riddle("Redis down")
    practice: Any = Practice()
    result = check.mended_by_hand(practice, riddle, "Redis down")
    assert str(result) == "Not yet: Docker does not answer. start it"


# --- What the lesson says ---------------------------------------------------------------------


def test_the_riddles_are_those_of_the_lesson() -> None:
    seeds = [int(seed) for seed in re.findall(r"random_fault\(practice, seed=(\d+)\)", TEXT)]
    solutions = re.findall(r'^my_\w+ = "(.+)"$', TEXT, re.M)
    assert dict(zip(seeds, solutions, strict=True)) == RIDDLES
    for seed, name in RIDDLES.items():
        assert random.Random(seed).choice(list(FAULTS)) == name


def test_the_crash_test_is_that_of_the_lesson() -> None:
    assert f"{SHORT.threads} clients for {SHORT.seconds} seconds" in TEXT
    assert (LONG.threads, LONG.seconds) == (200, 120)
    assert f"with {LONG.threads} for two minutes" in TEXT


def test_the_table_of_the_lesson_has_every_fault() -> None:
    section = TEXT.split("## 7. All twelve")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(.+?)` \|", section, re.M)
    assert rows == list(FAULTS)
