"""`python -m course_helpers.backup`: what it is told wrongly."""

from __future__ import annotations

import pytest

from course_helpers.backup import __main__


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["save", ""], "which file"),
        (["restore"], "which file"),
        (["restore", "no.zip"], "cannot be read"),
        (["restore", "no.zip", "ove"], "Unknown command"),
        ([], "Unknown command"),
    ],
)
def test_wrong_input_ends_it_with_a_sentence(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        __main__.main(arguments)
