"""A figure with a text for those who do not see it."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from course_helpers import with_alt_text
from course_helpers.core.errors import CourseError


def test_a_figure_has_a_text() -> None:
    figure = Figure(figsize=(1, 1))
    described = with_alt_text(figure, 'A line\n   that rises, <steeply> & "far"')
    assert described.png.startswith(b"\x89PNG")
    assert repr(described) == 'Figure: A line that rises, <steeply> & "far"'
    shown = described._repr_html_()
    assert 'alt="A line that rises, &lt;steeply&gt; &amp; &quot;far&quot;"' in shown
    assert shown.count("<") == 1
    with pytest.raises(CourseError, match="no text"):
        with_alt_text(figure, " ")
