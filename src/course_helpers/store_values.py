"""A value of the store as text to edit, and back."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from course_helpers.core.errors import CourseError


def format_value(value: dict[str, Any]) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def parse_value(text: str) -> dict[str, Any]:
    """Return the value that a JSON text stands for.

    Raises:
        CourseError: it is not JSON, or not an object, which all values of a store are.
    """
    fix = "correct it in the editor, or press Reload to drop your changes"
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CourseError(
            f"This is not JSON: {error.msg} at {where}. Nothing was saved.", fix
        ) from None
    except ValueError as error:
        raise CourseError(f"{error} Nothing was saved.", fix) from None
    if not isinstance(value, dict):
        raise CourseError("A value of the store is an object in braces. Nothing was saved.", fix)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}.")  # which Python would read, and the SDK send as null
