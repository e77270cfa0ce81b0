"""The stack's health, in the same words for the doctor, the panel and the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import Finding, Findings
from course_helpers.core.settings import GRAPH
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import API, SERVICES, services, stack_url
from course_helpers.stack.containers import TIMEOUT, Service, read_log
from course_helpers.stack.log_reader import explain

NOT_STARTED, READY = "not started", "ready"


def stack_findings(found: Sequence[Service] | None = None) -> Findings:
    """Return a finding for each service of the stack, in the order of the compose file.

    A service that nobody has started, or that somebody has stopped, is not a failure.

    Args:
        found: what `compose.services` returned; by default it is asked now.

    Raises:
        DockerError: Docker does not answer.
    """
    now = {service.name: service for service in (services() if found is None else found)}
    names = [*SERVICES, *(name for name in now if name not in SERVICES)]
    return Findings(service_finding(name, now.get(name)) for name in names)


def service_finding(name: str, service: Service | None) -> Finding:
    """Return a finding about a service; None stands for one without a container."""
    if service is None:
        return Finding(name, True, NOT_STARTED)
    if service.ready:
        again = ", after Docker has restarted it" if service.restarts else ""
        return Finding(name, True, f"{service}{again}")
    if service.failed or (service.state == "running" and service.health == "unhealthy"):
        reading = explain(service, read_log(service.container))
        return Finding(name, False, reading.what, reading.fix)
    if name == API and service.state == "running" and _answers():
        return Finding(name, True, READY)  # its health check runs only every few seconds
    return Finding(name, True, str(service))


def _answers() -> bool:
    """Return whether the server is ready: it answers, and its graph is loaded."""
    return missing_graphs(stack_url(), [GRAPH]) == []


def stack_state(timeout: float = TIMEOUT) -> str:
    """Return how the stack is doing in one line, as a check of the doctor.

    Args:
        timeout: seconds for Docker to answer.

    Raises:
        CourseError: a service has failed, or Docker does not answer.
    """
    findings = stack_findings(services(timeout))
    for finding in findings:
        if not finding.ok:
            raise CourseError(finding.detail, finding.fix)
    return summary(findings)


def summary(findings: Sequence[Finding]) -> str:
    """Return all services with their states, in one line."""
    if failed := [finding.name for finding in findings if not finding.ok]:
        return f"{', '.join(failed)} failed"
    if all(finding.detail == NOT_STARTED for finding in findings):
        return "not running"
    if all_ready(findings):
        return f"{len(findings)} services, all ready"
    return ", ".join(f"{finding.name} {finding.detail}" for finding in findings)


def all_ready(findings: Sequence[Finding]) -> bool:
    """Return whether every service is healthy, or runs without a health check, or answers."""
    details = {finding.detail.partition(",")[0] for finding in findings}
    return details <= {"healthy", "running", READY}
