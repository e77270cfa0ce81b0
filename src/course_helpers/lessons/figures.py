"""A matplotlib figure with an alt text.

JupyterLab gives a plain image output the alt text "Image". Here the image is shown as HTML with its
own alt text, and where HTML is not supported, the text alone is shown.
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

DOTS = 120  # per inch


@dataclass(frozen=True)
class DescribedFigure:
    """A figure with its alt text.

    Attributes:
        png: the image.
        text: the alt text.
    """

    png: bytes
    text: str

    def __repr__(self) -> str:
        return f"Figure: {self.text}"

    def _repr_html_(self) -> str:
        data, text = base64.b64encode(self.png).decode(), html.escape(self.text)
        return f'<img style="max-width:100%" alt="{text}" src="data:image/png;base64,{data}">'


def with_alt_text(figure: Figure, text: str) -> DescribedFigure:
    """Return a figure as an image with an alt text.

    Args:
        figure: the figure, made without `pyplot`, which would show it by itself.
        text: a description, for those who cannot see the figure.

    Raises:
        CourseError: the text is empty.
    """
    if not text.strip():
        raise CourseError("The figure has no text.", "say in a sentence what is to be seen in it")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=DOTS, facecolor="white")
    return DescribedFigure(image.getvalue(), " ".join(text.split()))
