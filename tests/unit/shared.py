"""What the unit tests of several packages share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_helpers.core.errors import CourseError

Command = Callable[[str], None]
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
EVIL_LINE = "<script>alert(1)</script>\x1b[31m"
COMMAND = re.compile(
    r"\b(make|git|pip|python|docker|sudo|ipykernel|langgraph|wsl|mv|uname|edit|export|setx|unset)\b|https://"
)
needs_posix = pytest.mark.skipif(os.name != "posix", reason="the fake commands are shell scripts")


def failure(check: Callable[[], str]) -> str:
    """Return what a check complains about, after making sure that its fix names a command."""
    with pytest.raises(CourseError) as caught:
        check()
    assert COMMAND.search(caught.value.fix), caught.value.fix
    return caught.value.what


def refusing(code: int) -> Callable[..., None]:
    """Return a stand-in for a system function that fails."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def make_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
