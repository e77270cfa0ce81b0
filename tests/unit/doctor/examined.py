"""The findings of an examination, for the tests of how they are shown."""

from __future__ import annotations

from course_helpers.core.findings import Finding, Findings
from course_helpers.doctor import CHECKS
from course_helpers.doctor.codes import Report

FOUND = Findings(
    Finding(c.name, c.name not in ("Model", "Docker"), "seen", "mend it", c.needed_from)
    if c.name in ("Model", "Docker")
    else Finding(c.name, True, "seen")
    for c in CHECKS
)
STATES_SEEN = (("ok", "later", "FAIL") * len(CHECKS))[: len(CHECKS)]
EXAMPLE = Report(STATES_SEEN, 13, "Windows (WSL)", "1.2.3")
