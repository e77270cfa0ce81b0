"""The diagnosis of a broken stack, from its services, logs and settings; without Docker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_helpers.practice import diagnosis
from course_helpers.practice.diagnosis import Diagnosis, diagnose
from course_helpers.practice.fault_catalogue import FAULTS
from course_helpers.practice.faults import fault
from course_helpers.practice.stack import PracticeStack
from course_helpers.stack import compose
from course_helpers.stack.compose import API, POSTGRES, REDIS
from course_helpers.stack.containers import Service

LOGS = Path(__file__).parents[1] / "stack/logs"


@pytest.fixture
def look(practice: PracticeStack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Diagnosis]:
    """Return a function that diagnoses from a service's state, a log, and the server's variables."""

    def run(
        *found: Service, log: str = "", given: dict[str, str] | None = None, missing: str = ""
    ) -> Diagnosis:
        variables = [f"{name}={value}" for name, value in (given or {}).items()]
        monkeypatch.setattr(diagnosis, "services", lambda: list(found))
        monkeypatch.setattr(diagnosis, "read_log", lambda container: log)
        monkeypatch.setattr(diagnosis, "read_environment", lambda container: variables)
        monkeypatch.setattr(diagnosis, "missing_images", lambda: [missing] if missing else [])
        return diagnose(practice, timeout=0)

    return run


def service(name: str, **facts: Any) -> Service:
    return Service(name, "id", "image", **{"state": "exited", "exit_code": 1, **facts})


WELL = [service(name, state="running", exit_code=0, health="healthy") for name in compose.SERVICES]
OPENAI = {"TASK_MAISTRO_MODEL": "openai:gpt-4o"}
PLACEHOLDER = {**OPENAI, "OPENAI_API_KEY": "sk-your-key-here"}
ENDED = [  # the fault, the container that ended, its log, and what of that is shown
    ("wrong database URI", service(API), "api-postgres-no-database", "has no database"),
    ("graph path wrong", service(API), "api-graph-file-missing", "there is no file"),
    ("import error", service(API), "api-package-missing", "No module named"),
    ("memory limit", service(API, exit_code=137, out_of_memory=True), "api-stopped", ""),
    ("Postgres down", service(POSTGRES, exit_code=137), "postgres-stopped", ""),
    ("Redis down", service(REDIS, exit_code=137), "redis-stopped", ""),
    ("disk full", service(POSTGRES), "postgres-disk-full", "No space left on device"),
    ("stale volume", service(POSTGRES, state="restarting"), "postgres-other-version", "16"),
]  # fmt: skip


def look_at(look: Callable[..., Diagnosis], ended: Service, log: str) -> Diagnosis:
    """Return what is said of a stack with one container that has ended."""
    text = (LOGS / f"{log}.log").read_text()
    return look(*(each for each in WELL if each.name != ended.name), ended, log=text)


@pytest.mark.parametrize(("name", "ended", "log", "line"), ENDED)
def test_a_container_that_ended(
    look: Callable[..., Diagnosis], name: str, ended: Service, log: str, line: str
) -> None:
    seen = look_at(look, ended, log)
    assert seen.name == name, seen
    assert FAULTS[name].sign in seen.sentence
    assert seen.fix
    assert any(line in each for each in seen.lines)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("", {}),
        ("", {**OPENAI, "OPENAI_API_KEY": "sk-proj-0123456789abcdef"}),
        ("key missing", OPENAI),
        ("key missing", {**OPENAI, "OPENAI_API_KEY": " "}),
        ("key a placeholder", PLACEHOLDER),
    ],
)
def test_the_key_that_the_container_was_given(
    look: Callable[..., Diagnosis],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    given: dict[str, str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-of-this-computer")  # which says nothing
    assert look(*WELL, given=given).name == name


def test_a_port_that_another_program_holds(
    look: Callable[..., Diagnosis], practice: PracticeStack
) -> None:
    with fault("port taken", practice):
        found = look(*WELL[1:])
    assert found.name == "port taken"
    assert practice.settings["API_PORT"] in found.sentence


def test_an_image_that_is_not_here(look: Callable[..., Diagnosis]) -> None:
    found = look(*WELL[1:], missing="task-mastro")
    assert (found.name, found.fix) == ("image missing", "make images")
    assert found.lines == ("Error: No such image: task-mastro",)


def test_the_database_before_the_server_that_suffers(look: Callable[..., Diagnosis]) -> None:
    suffering = service(API, state="running", health="unhealthy")
    log = (LOGS / "api-redis-lost.log").read_text()
    assert look(suffering, service(REDIS, exit_code=137), log=log).name == "Redis down"


def test_what_has_no_name_and_what_is_well(look: Callable[..., Diagnosis]) -> None:
    odd = look(service(API, exit_code=3), log="never seen before")
    assert (odd.name, odd.lines) == ("", ("never seen before",))
    assert "does not know why" in odd.sentence
    well = look(*WELL)
    assert "3 services, all ready" in well.sentence
    assert well.fix == ""
    assert "not running" in look().sentence


def test_a_diagnosis_is_shown_escaped() -> None:
    shown = Diagnosis("", "<script>", "make up", ("a\x1b[31m line", "<b>"))
    assert "<script>" not in shown._repr_html_()
    assert "<b>" not in shown._repr_html_()
    assert repr(shown).splitlines()[2] == "Printed   a line"


def test_no_sign_is_in_another_faults_sentence(
    look: Callable[..., Diagnosis], practice: PracticeStack
) -> None:
    found = [look_at(look, ended, log) for _, ended, log, _ in ENDED]
    found += [look(*WELL, given=OPENAI), look(*WELL, given=PLACEHOLDER)]
    found += [look(*WELL[1:], missing="task-mastro")]
    with fault("port taken", practice):
        found += [look(*WELL[1:])]
    assert {each.name for each in found} == set(FAULTS)
    for each in found:
        assert [one.name for one in FAULTS.values() if one.sign in each.sentence] == [each.name]
