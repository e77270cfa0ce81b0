"""The doctor: what is wrong with this machine or with a server, and the command that fixes it.

codes              the code that a participant sends: how each check went, and nothing personal
deployment         checks of a deployment's files, beyond those of `langgraph validate`
deployment_files   the checks of dependencies, requirements, settings and `.dockerignore`
graph              whether a graph is defined, and can be imported in a process of its own
machine            Python, packages, processor, memory, disk
network            proxies and certificates
settings           `deployment/.env`: the model, its key, tracing
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from course_helpers.core import docker_checks, ports
from course_helpers.core.errors import RECONNECT, CourseError, DockerError, SettingsError
from course_helpers.core.findings import Finding, Findings, examine_one
from course_helpers.core.settings import GRAPH, VERSION, load_settings
from course_helpers.doctor import machine, network
from course_helpers.doctor import settings as settings_checks
from course_helpers.doctor.codes import SYSTEMS, Report, encode
from course_helpers.images.make import image_source
from course_helpers.server.probe import missing_graphs, server_version
from course_helpers.stack import compose, health, lifecycle

LIMIT = 2.4  # seconds for all checks together; those of Docker and the registry end themselves
OTHER_PORT = "langgraph dev --port 2025 (the course's own server looks for a free one itself)"


class Check(NamedTuple):
    """A thing to look at; `needed_from` is the number of the first lesson that needs it."""

    name: str
    check: Callable[[], str]
    needed_from: str = ""


def _stack_port() -> str:
    try:
        running = compose.services(docker_checks.TIMEOUT)
    except DockerError:  # is a finding of its own
        running = []
    return lifecycle.port_for_the_stack(running)


def _stack() -> str:
    try:
        return health.stack_state(docker_checks.TIMEOUT)
    except DockerError:  # is a finding of its own
        return "not running: no Docker answers"


# A result code holds the states in this order: who changes it changes codes.FORM.
CHECKS = (
    Check("Python", machine.python_version),
    Check("Packages", machine.packages),
    Check("Kernel", machine.kernel),
    Check("Panels", machine.lab_extension),
    Check("Settings", settings_checks.settings_file),
    Check("Model", lambda: settings_checks.model(load_settings())),
    Check("Keys", lambda: settings_checks.keys(load_settings())),
    Check("Tracing", lambda: settings_checks.tracing(load_settings())),
    Check("Processor", machine.architecture),
    Check("WSL", machine.wsl, "03"),
    Check("Memory", machine.memory, "04"),
    Check("Disk", machine.disk, "03"),
    Check("Docker", docker_checks.engine, "03"),
    Check("Compose", docker_checks.compose, "04"),
    Check("Buildx", docker_checks.buildx, "03"),
    Check("Images", image_source, "03"),
    Check("Proxy", network.proxy),
    Check("Certificates", network.certificates),
    Check("Port 8888", lambda: ports.port(8888, "JupyterLab")),
    Check("Port 2024", lambda: ports.port(2024, "langgraph dev", OTHER_PORT), "02"),
    Check("Stack's port", _stack_port, "04"),
    Check("Stack", _stack, "04"),
)


def examine(checks: Sequence[Check] = CHECKS, limit: float = LIMIT) -> Findings:
    """Check this machine and its settings, and return the findings in the checks' order.

    Args:
        checks: what to look at, all at the same time.
        limit: seconds, after which a check that has not finished is reported as such.
    """
    found: dict[str, Finding] = {}

    def run(check: Check) -> None:
        found[check.name] = examine_one(*check)

    # Daemon threads: a DNS look-up without a network cannot be cancelled, nor waited for.
    threads = [threading.Thread(target=run, args=(check,), daemon=True) for check in checks]
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return Findings(found.get(check.name) or _too_slow(check, limit) for check in checks)


def result_code(findings: Sequence[Finding]) -> str:
    """Return what `examine` found as a code that a participant can send to the instructor."""
    system = machine.system() if machine.system() in SYSTEMS else SYSTEMS[0]
    states = [finding.state for finding in findings]
    return encode(Report(states, sys.version_info.minor, system, VERSION))


def server_findings(url: str) -> Findings:
    """Check the settings and the server at `url`, in about a tenth of a second.

    Args:
        url: of a deployment, for instance `server.url`.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        return Findings([Finding("Settings", False, error.what, error.fix), *_server(url)])
    own = [
        examine_one("Settings", settings_checks.settings_file),
        examine_one("Model", lambda: settings_checks.model(settings)),
        examine_one("Tracing", lambda: settings_checks.tracing(settings)),
    ]
    return Findings([*own, *_server(url)])


def _server(url: str) -> list[Finding]:
    server = examine_one("Server", lambda: _answer(url))
    return [server, examine_one("Graph", lambda: _graph(url))] if server.ok else [server]


def _answer(url: str) -> str:
    started = time.monotonic()
    version = server_version(url)
    milliseconds = (time.monotonic() - started) * 1000
    if version is None:
        raise CourseError(f"nothing answers at {url}", RECONNECT)
    return f"{url} answers in {milliseconds:.0f} ms, version {version}"


def _graph(url: str) -> str:
    missing = missing_graphs(url, [GRAPH])
    if missing is None:
        raise CourseError("the server does not list its graphs", RECONNECT)
    if missing:
        fix = 'name it under "graphs" in deployment/langgraph.json, then connect() again'
        raise CourseError(f"{GRAPH} is not loaded", fix)
    return f"{GRAPH} is loaded"


def _too_slow(check: Check, limit: float) -> Finding:
    detail = f"cannot tell: no answer within {limit:g} s"
    return Finding(check.name, False, detail, "check again: make doctor", check.needed_from)
