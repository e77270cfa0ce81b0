"""The layers of an image, as steps and as a picture."""

from __future__ import annotations

import pytest

from course_helpers.images.layers import ImageView, Layer, _as_written, layers_html, megabytes
from tests.unit.shared import EVIL_LINE


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("RUN /bin/sh -c pip install  x # buildkit", "RUN pip install x"),
        ("RUN |1 A=b /bin/sh -c make # buildkit", "RUN make"),
        ('/bin/sh -c #(nop)  CMD ["python"]', 'CMD ["python"]'),
        ("COPY a /b # buildkit", "COPY a /b"),
        ("", "(the operating system)"),
    ],
)
def test_a_step_as_it_was_written(told: str, written: str) -> None:
    assert _as_written(told) == written


def test_layers_as_a_picture() -> None:
    layers = (
        Layer("base", 200, "base"),
        Layer("ENV A=b", 0, "base"),
        Layer(EVIL_LINE, 100, "agent"),
    )
    image = ImageView("an <image>", "abc", 300, "linux/amd64", layers)
    markup = layers_html(image)
    assert "<script" not in markup
    assert "an &lt;image&gt;" in markup
    assert markup.count('class="course-bar') == 2
    assert 'style="width:100.0%"' in markup
    assert 'style="width:50.0%"' in markup
    assert "2 layers with files, the oldest first, and 1 that only set something" in markup
    assert image.size_of("base") == 200
    assert repr(image).splitlines()[0] == "an <image>: 0.3 kB in 2 layers"
    assert [megabytes(size) for size in (400, 99_999, 152_900_000)] == [
        "0.4 kB",
        "100.0 kB",
        "152.9 MB",
    ]
