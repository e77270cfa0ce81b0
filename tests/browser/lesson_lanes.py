"""Which lessons hold on the embedded lane."""

from __future__ import annotations

from tests.notebooks.lessons import lane_of, lesson_paths, other_lane_of, read

LANES = {path.stem: (lane_of(read(path)), other_lane_of(read(path))) for path in lesson_paths()}
LESSONS = [name for name, lanes in LANES.items() if "embedded" in lanes]
