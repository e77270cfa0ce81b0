"""From a container that ended to one sentence: what happened, and what to do."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from course_helpers.containers import KILLED, Service
from course_helpers.markup import clean


class Reading(NamedTuple):
    """What a log says."""

    what: str
    fix: str


class _Pattern(NamedTuple):
    regex: re.Pattern[str]
    what: str
    fix: str


_DELETE = "make down VOLUMES=1 (this deletes the stack's data), then: make up"
_PATTERNS = tuple(
    _Pattern(re.compile(regex, re.I), what, fix)
    for regex, what, fix in (
        (r"license verification failed|LANGGRAPH_CLOUD_LICENSE_KEY",
         "the licensed server found no valid key",
         "put LANGSMITH_API_KEY or LANGGRAPH_CLOUD_LICENSE_KEY into deployment/.env, or leave "
         "BASE_IMAGE empty for the licence-free engine; then: make images up"),
        (r"exec format error",
         "the image is made for another kind of processor",
         "build it on this computer: make images"),
        (r"No space left on device",
         "the disk is full", "make room, for instance: docker system prune"),
        (r"database files are incompatible with server|initialized by PostgreSQL version",
         "the data's volume was made by another version of PostgreSQL", _DELETE),
        (r"Can't handle RDB format version|Bad file format reading the append only file",
         "the data's volume was made by another version of Redis, or is damaged", _DELETE),
        (r"could not (?:open|access) .*Permission denied|Operation not permitted",
         "the data's volume belongs to another user", _DELETE),
    )
)  # fmt: skip
_ENGINE = re.compile(r"^engine: (?P<what>.+?)\.? To fix it: (?P<fix>.+)\.$")


def explain(service: Service, log: str) -> Reading:
    """Return why a service's container ended, in a sentence without its subject's article.

    Args:
        service: as it was when it was found not to run.
        log: its last lines.
    """
    lines = [clean(line).strip() for line in log.splitlines() if line.strip()]
    if service.out_of_memory:
        limit = (
            f"{service.memory_limit / 2**20:.0f} MiB" if service.memory_limit else "this computer's"
        )
        return Reading(
            f"{service.name} was ended because it used more memory than its limit ({limit})",
            f"raise mem_limit of {service.name} in deployment/docker-compose.yml, then: make up",
        )
    for line in reversed(lines):
        if match := _ENGINE.match(line):
            return Reading(f"{service.name}: {match['what']}", match["fix"])
        for pattern in _PATTERNS:
            if pattern.regex.search(line):
                return Reading(f"{service.name}: {pattern.what}", pattern.fix)
    if service.exit_code == KILLED:
        return Reading(f"{service.name} was killed (exit code {KILLED})", "start it again: make up")
    last = message(lines[-1]) if lines else "it printed nothing"
    return Reading(f"{service.name} ended with code {service.exit_code}: {last}", "make logs")


def message(line: str) -> str:
    """Return what a log line says; of a structured one its event, with the level if it is bad."""
    try:
        fields = json.loads(line)
        event = str(fields["event"])
    except (ValueError, TypeError, KeyError):
        return clean(line).strip()
    level = str(fields.get("level", ""))
    return event if level in ("info", "debug", "") else f"{level}: {event}"


def log_line(line: str) -> str:
    """Return a log line for people: time, level and event of a structured one.

    Args:
        line: as `docker logs` prints it, or `docker compose logs` with the service in front.
    """
    service, bar, text = line.rstrip("\n").rpartition(" | ")
    try:
        fields = json.loads(clean(text))
        time = str(fields["timestamp"])[11:19]
        return clean(f"{service}{bar}{time} {fields['level']:7} {fields['event']}")
    except (ValueError, TypeError, KeyError):
        return clean(line.rstrip("\n"))
