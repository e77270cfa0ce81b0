"""The stack's health in words: each service, and all of them in one line."""

from __future__ import annotations

import pytest

from course_helpers.core.errors import CourseError
from course_helpers.stack import health
from course_helpers.stack.containers import Service
from course_helpers.stack.health import service_finding, stack_findings, summary
from tests.unit.stack.stack_backend import service


@pytest.mark.parametrize(
    ("found", "ok", "detail"),
    [
        (None, True, "not started"),
        (service(), True, "healthy"),
        (service(health=""), True, "running"),
        (service(health="starting"), True, "starting"),
        (service(state="exited"), True, "stopped"),
        (service(state="exited", health="unhealthy"), True, "stopped"),
        (service(restarts=2), True, "healthy, after Docker has restarted it"),
        (
            service(health="unhealthy"),
            False,
            "langgraph-redis is unhealthy, and its log does not say why",
        ),
        (
            service(state="exited", exit_code=137),
            False,
            "langgraph-redis was killed (exit code 137)",
        ),
    ],
)
def test_a_service_in_words(
    monkeypatch: pytest.MonkeyPatch, found: Service | None, ok: bool, detail: str
) -> None:
    monkeypatch.setattr(health, "read_log", lambda _: "")
    finding = service_finding("langgraph-redis", found)
    assert (finding.ok, finding.detail) == (ok, detail)
    assert bool(finding.fix) is not ok


def test_the_server_is_ready_when_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    starting = service("langgraph-api", health="starting")
    monkeypatch.setattr(health, "_answers", lambda: False)
    assert service_finding("langgraph-api", starting).detail == "starting"
    monkeypatch.setattr(health, "_answers", lambda: True)
    assert service_finding("langgraph-api", starting).detail == "ready"


def test_the_stack_in_one_line() -> None:
    assert summary(stack_findings([])) == "not running"
    names = ("langgraph-api", "langgraph-postgres", "langgraph-redis")
    ready = [service(name) for name in names]
    assert summary(stack_findings(ready)) == "3 services, all ready"
    assert summary(stack_findings(ready[:2])) == (
        "langgraph-api healthy, langgraph-postgres healthy, langgraph-redis not started"
    )


def test_the_doctor_gets_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "read_log", lambda _: "")
    broken = service(state="exited", exit_code=137)
    monkeypatch.setattr(health, "services", lambda _timeout: [broken])
    with pytest.raises(CourseError) as raised:
        health.stack_state(1)
    finding = service_finding(broken.name, broken)
    assert (raised.value.what, raised.value.fix) == (finding.detail, finding.fix)
