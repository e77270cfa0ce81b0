"""A figure of matplotlib with words for those who do not see it.

JupyterLab shows a plain image output with no text but "Image"; what is shown here is the image in
HTML, with a text of its own, and the text alone where there is no HTML.
"""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_helpers.core.errors import CourseError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS = 120  # an inch


@dataclass(frozen=True)
class DescribedFigure:
    """A figure with its text.

    Attributes:
        png: the image.
        text: what is to be seen in it.
    """

    png: bytes
    text: str

    def __repr__(self) -> str:
        return f"Figure: {self.text}"

    def _repr_html_(self) -> str:
        data, text = base64.b64encode(self.png).decode(), html.escape(self.text)
        return f'<img style="max-width:100%" alt="{text}" src="data:image/png;base64,{data}">'


def with_alt_text(figure: Figure, text: str) -> DescribedFigure:
    """Return a figure as an image with a text.

    Args:
        figure: the figure, made without `pyplot`, which would show it by itself.
        text: what is to be seen in it, for those who do not see it.

    Raises:
        CourseError: there is no text.
    """
    if not text.strip():
        raise CourseError("The figure has no text.", "say in a sentence what is to be seen in it")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=DOTS, facecolor="white")
    return DescribedFigure(image.getvalue(), " ".join(text.split()))
