"""The reference sheet, and the tables on it."""

from __future__ import annotations

import json

from course_helpers.core.settings import ROOT

SHEET = "\n".join(
    "".join(cell["source"])
    for cell in json.loads((ROOT / "notebooks" / "reference.ipynb").read_text())["cells"]
)


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    section = SHEET.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
