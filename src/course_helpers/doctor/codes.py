"""The result code: what the doctor found, in sixteen letters and digits to read out or send.

A code is ten bytes in base 32 (RFC 4648, which has no 0, 1, 8 and 9 to be mistaken for letters):
its form and the course's version, Python's minor version and the system, the states of the checks,
and a check sum. It says nothing about a person.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import STATES

FORM = 4  # another number, up to 15, whenever the checks or their order change
SYSTEMS = ("another system", "Linux", "macOS", "Windows", "Windows (WSL)")

_LENGTH, _GROUP = 16, 4
_BODY = struct.Struct(">HB5s")  # form and version, Python and system, states


@dataclass(frozen=True)
class Report:
    """What a code says.

    Attributes:
        states: one word of `findings.STATES` a check, in the checks' order; at most 25.
        python: Python's minor version: 13 for 3.13.
        system: one of `SYSTEMS`.
        version: the course's, `MAJOR.MINOR.PATCH`: up to 7, 31 and 15.
    """

    states: Sequence[str]
    python: int
    system: str
    version: str


def encode(report: Report) -> str:
    """Return the code of a report, in groups of four."""
    major, minor, patch = map(int, report.version.split("."))
    states = 0
    for state in report.states:
        states = states * len(STATES) + STATES.index(state)
    body = _BODY.pack(
        FORM << 12 | major << 9 | minor << 4 | patch,
        min(report.python, 31) << 3 | SYSTEMS.index(report.system),
        states.to_bytes(5, "big"),
    )
    text = base64.b32encode(body + _check_sum(body)).decode()
    return "-".join(wrap(text, _GROUP))


def decode(code: str, checks: int) -> Report:
    """Return what a code says.

    Args:
        code: in any case, with or without hyphens and spaces.
        checks: how many states it holds.

    Raises:
        CourseError: it is not a code, was mistyped, or has another form.
    """
    data = _bytes_of(code)
    body = data[: _BODY.size]
    head, machine, packed = _BODY.unpack(body)
    states, mistyped = int.from_bytes(packed, "big"), data != body + _check_sum(body)
    if not mistyped and head >> 12 != FORM:
        raise CourseError(
            f"{code!r} was made by another version of the course.",
            "git pull, on both machines, and make doctor again",
        )
    if mistyped or machine % 8 >= len(SYSTEMS) or states >= len(STATES) ** checks:
        raise CourseError(f"{code!r} was mistyped.", "compare it with the original, or ask again")
    return Report(
        tuple(STATES[states // len(STATES) ** n % len(STATES)] for n in reversed(range(checks))),
        machine >> 3,
        SYSTEMS[machine % 8],
        f"{head >> 9 & 7}.{head >> 4 & 31}.{head & 15}",
    )


def _check_sum(body: bytes) -> bytes:
    """Return 16 bits that change with any one letter, and when two neighbours swap places.

    A cyclic check of 16 bits notices every error of at most 16 bits in a row; two letters are 10.
    """
    return binascii.crc_hqx(body, 0).to_bytes(2, "big")


def _bytes_of(code: str) -> bytes:
    typed = "".join(code.split()).replace("-", "").upper()
    try:
        if len(typed) == _LENGTH:
            return base64.b32decode(typed)
    except ValueError:
        pass
    raise CourseError(
        f"{code!r} is not a result code.",
        f"give its {_LENGTH} letters and digits; 0, 1, 8 and 9 are never among them",
    )
