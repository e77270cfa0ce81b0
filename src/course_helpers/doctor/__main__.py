"""`make doctor`: the doctor for a terminal.

python -m course_helpers.doctor                   check this machine
python -m course_helpers.doctor ABCD-EFGH-IJKL-MNOP    what a participant's result code says
"""

from __future__ import annotations

import io
import os
import sys

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import STATES, findings_text, summarise
from course_helpers.core.settings import VERSION
from course_helpers.doctor import CHECKS, examine, result_code
from course_helpers.doctor.codes import decode

COLOURS = {"ok": "32", "later": "33", "FAIL": "1;31"}


def check() -> int:
    """Print what the doctor finds, and return the exit code: 0 if nothing failed."""
    findings = examine()
    # An old Windows console would print the codes.
    coloured = sys.stdout.isatty() and os.name == "posix"
    print(findings_text(findings, COLOURS if coloured else None))
    print(f"\n{summarise(findings)}. This is version {VERSION} of the course.")
    print(f"Send this code to your instructor: {result_code(findings)}")
    return int(any(finding.failed for finding in findings))


def explain(code: str) -> str:
    """Return what a result code says, for the instructor.

    Raises:
        CourseError: it is not a code, or was mistyped.
    """
    report = decode(code, len(CHECKS))
    lines = [f"Version {report.version} of the course, Python 3.{report.python} on {report.system}"]
    for word in reversed(STATES):
        pairs = zip(CHECKS, report.states, strict=True)
        names = [each.name for each, state in pairs if state == word]
        if names:
            lines.append(f"{word:5}  {', '.join(names)}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console that cannot show a character
    if not arguments:
        return check()
    try:
        print(explain(" ".join(arguments)))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
