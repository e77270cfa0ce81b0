"""From a container that has ended to one sentence: what happened, and what to do."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from course_helpers.core.markup import clean
from course_helpers.core.masking import mask_text
from course_helpers.stack.containers import KILLED, Service
from course_helpers.stack.log_patterns import PATTERNS, Pattern

LONGEST = 300  # characters of a line that goes into a sentence
SHOWN = 5  # lines that are shown of a log without a known failure
SEARCHED = 2000  # characters of a line's message that are searched
READ = 100_000  # characters of a line that are read; a long traceback as JSON has 20,000
CRASHED = 139  # 128 + SIGSEGV

_LOOK = "look at: make logs"
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*: .*", re.M)  # the last one of a traceback is the cause
_BAD_LEVELS = ("error", "critical", "fatal")
_ERROR = re.compile(
    r"error|exception|fatal|panic|critical|denied|refused|fail|cannot|can't|could not|unable to"
    r"|not found|no such|^\d+:\w .{20,24} # ",  # the last is Redis' mark of a warning
    re.I,
)
_NOISE = re.compile(r"Memory overcommit|no config file specified")  # Redis at every start
_OF_A_RUN = re.compile(r"\brun_id=")
_SERVICE = re.compile(r"(?:[\w.-]+ +\| )?")  # what Compose puts in front of a line


class Reading(NamedTuple):
    """The explanation that was found in a log.

    Attributes:
        what: what happened, a sentence without its full stop.
        fix: what to do, best a command.
        lines: the log's line that says so; if the failure is unknown, its last errors.
        name: of the failure, as in `log_patterns`; empty if it is unknown.
    """

    what: str
    fix: str
    lines: tuple[str, ...] = ()
    name: str = ""


def explain(service: Service, log: str) -> Reading:
    """Return why a service's container ended, or why a running one is not healthy.

    Args:
        service: as it was then.
        log: its last lines.
    """
    name, code = service.name, service.exit_code
    if service.out_of_memory:
        return _too_big(service)
    if code == KILLED:  # whatever the log says, the program did not see it coming
        fix = "start it again: make up; if that repeats, give Docker more memory"
        return Reading(f"{name} was killed (exit code {KILLED})", fix)
    if code == 0 and service.ended:
        fix = f"start it again: make up; if that repeats, look at its image, {service.image}"
        return Reading(f"{name} has stopped without an error", fix)
    if reading := cause(log, name, service.failed):
        return reading._replace(what=f"{name}: {reading.what}")
    return _unknown(service, tuple(error_lines(log)))


def _unknown(service: Service, lines: tuple[str, ...]) -> Reading:
    if not service.failed:
        what = f"{service.name} is {service}, and its log does not say why"
        return Reading(what, _LOOK, lines)
    crashed = service.exit_code == CRASHED
    how = "crashed (segmentation fault)" if crashed else f"ended with code {service.exit_code}"
    said = f"its last word: {lines[-1]}" if lines else "it printed nothing"
    what = f"{service.name} {how}, and the course does not know why; {said}"
    return Reading(what, _LOOK, lines)


def _too_big(service: Service) -> Reading:
    name, limit = service.name, "this computer's"
    if service.memory_limit:
        limit = f"{service.memory_limit / 2**20:.0f} MiB"
    return Reading(
        f"{name} was ended because it used more memory than its limit ({limit})",
        f"raise mem_limit of {name} in deployment/docker-compose.yml, then: make up",
    )


def cause(output: str, service: str = "", ended: bool = True) -> Reading | None:
    """Return the last known failure in a log, or in the output of Compose or a build.

    Args:
        output: the log.
        service: whose it is; empty for the output of a command.
        ended: whether it has ended; if so, what only disturbs a running server is skipped.

    Returns:
        None if there is none.
    """
    rows = [p for p in PATTERNS if p.service in ("", service) and (p.ends or not ended)]
    for line in reversed(_lines(output)):
        if ended and _is_of_a_run(line):
            continue
        text = message(line)[:SEARCHED]
        for pattern in rows:
            if match := pattern.regex.search(text):
                return _reading(pattern, match, text)
    return None


def _reading(pattern: Pattern, match: re.Match[str], text: str) -> Reading:
    found = match.groupdict()
    what, fix = (_cut(said.format_map(found)) for said in (pattern.what, pattern.fix))
    return Reading(what, fix, (_cut(text),), pattern.name)


def error_lines(log: str) -> list[str]:
    """Return the last lines of a log that look like errors, at most five, each once and cut.

    If none does, these are its last lines.
    """
    lines = _lines(log)
    bad = [line for line in lines if _is_bad(line)]
    said = dict.fromkeys(_cut(message(line)) for line in bad or lines)
    return list(said)[-SHOWN:]


def _lines(log: str) -> list[str]:
    return [line[:READ] for line in log.splitlines() if line.strip()]


def _is_bad(line: str) -> bool:
    fields = _fields(line)
    if "level" in fields:
        return str(fields["level"]).lower() in _BAD_LEVELS
    return bool(_ERROR.search(clean(line))) and not _NOISE.search(line)


def _is_of_a_run(line: str) -> bool:
    """Return whether a line is about a run or a request, whose errors do not end a server."""
    fields = _fields(line)
    return bool({"run_id", "request_id"} & fields.keys() or _OF_A_RUN.search(line))


def _cut(text: str) -> str:
    """Return a text on one line, cut to `LONGEST` characters, with the passwords in it masked."""
    line = mask_text(" ".join(text[: 10 * LONGEST].split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 2] + " …"


def message(line: str) -> str:
    """Return the message of a log line.

    Of a structured one it is the event, with the level if that is bad, and with the exception.
    """
    fields = _fields(line)
    if "event" not in fields:
        return clean(_split(line)[1]).strip()
    event, level = clean(str(fields["event"])).strip(), str(fields.get("level", ""))
    if "\n" in event:
        event = _exception(event)
    more = (clean(str(fields.get("error", ""))), _exception(str(fields.get("exception", ""))))
    said = ": ".join(part for part in (event, *more) if part)
    return said if level in ("info", "debug", "") else f"{level}: {said}"


def _exception(trace: str) -> str:
    """Return what a traceback ends with, or the last line of another text."""
    text = clean(trace).strip()
    return (_EXCEPTION.findall(text) or text.splitlines() or [""])[-1]


def log_line(line: str) -> str:
    """Return a log line for people: time, level and event of a structured one.

    Args:
        line: as `docker logs` prints it, or `docker compose logs` with the service in front.
    """
    service, _ = _split(line)
    fields = _fields(line)
    if {"timestamp", "level", "event"} - fields.keys():
        return clean(line.rstrip("\n"))
    time = str(fields["timestamp"])[11:19]
    return clean(f"{service}{time} {fields['level']!s:7} {fields['event']}")


def _fields(line: str) -> dict[str, Any]:
    """Return the fields of a structured line; none of another."""
    try:
        found = json.loads(clean(_split(line)[1]))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _split(line: str) -> tuple[str, str]:
    """Return what Compose puts in front of a line, and the line as its container printed it."""
    match = _SERVICE.match(line)
    end = match.end() if match else 0
    return line[:end], line[end:]
