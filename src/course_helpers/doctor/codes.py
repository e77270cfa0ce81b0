"""The result code: what the doctor found, in twelve letters and digits to read out or send.

A code is a number in base 32: a version digit, nine digits for the states of the checks, Python's
minor version and the system, and two check digits. It says nothing about a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import STATES

VERSION = 3  # another number whenever the checks or their order change
SYSTEMS = ("another system", "Linux", "macOS", "Windows", "Windows (WSL)")

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0, O, 1 and I
_LENGTH, _GROUP = 12, 4
# A prime below 32 * 32: the remainder changes with any digit, and when two neighbours swap places.
_PRIME = 1021


@dataclass(frozen=True)
class Report:
    """What a code says.

    Attributes:
        states: one word of `findings.STATES` a check, in the checks' order.
        python: Python's minor version: 13 for 3.13.
        system: one of `SYSTEMS`.
    """

    states: Sequence[str]
    python: int
    system: str


def encode(report: Report) -> str:
    """Return the code of a report, in groups of four."""
    number = 0
    for state in report.states:
        number = number * len(STATES) + STATES.index(state)
    number = (number * 32 + min(report.python, 31)) * 8 + SYSTEMS.index(report.system)
    number += VERSION * 32**9
    digits = _digits(number * 32**2 + number % _PRIME)
    return "-".join(digits[i : i + _GROUP] for i in range(0, _LENGTH, _GROUP))


def decode(code: str, checks: int) -> Report:
    """Return what a code says.

    Args:
        code: in any case, with or without hyphens and spaces.
        checks: how many states it holds.

    Raises:
        CourseError: it is not a code, was mistyped, or was made by another version.
    """
    number, check = divmod(_number(code), 32**2)
    version, rest = divmod(number, 32**9)
    rest, system = divmod(rest, 8)
    rest, python = divmod(rest, 32)
    mistyped = number % _PRIME != check
    if version != VERSION and not mistyped:
        raise CourseError(
            f"{code!r} was made by another version of the course ({version}; this is {VERSION}).",
            "git pull, on both machines, and make doctor again",
        )
    if mistyped or system >= len(SYSTEMS) or rest >= len(STATES) ** checks:
        raise CourseError(f"{code!r} was mistyped.", "compare it with the original, or ask again")
    states = [STATES[rest // len(STATES) ** place % len(STATES)] for place in range(checks)]
    return Report(tuple(reversed(states)), python, SYSTEMS[system])


def _digits(number: int) -> str:
    digits = ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return digits


def _number(code: str) -> int:
    typed = "".join(code.split()).replace("-", "").upper()
    if len(typed) != _LENGTH or set(typed) - set(_ALPHABET):
        raise CourseError(
            f"{code!r} is not a result code.",
            f"give its {_LENGTH} letters and digits; 0, O, 1 and I are never among them",
        )
    number = 0
    for digit in typed:
        number = number * 32 + _ALPHABET.index(digit)
    return number
