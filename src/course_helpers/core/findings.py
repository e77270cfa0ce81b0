"""The results of checks, for a terminal and for a page."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean

STATES = ("ok", "later", "FAIL")


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        name: what was looked at.
        ok: whether it is as it should be.
        detail: what was seen.
        fix: what to do about it, best a command; empty when there is nothing to do.
        needed_from: the number of the lesson that first needs it; empty: all need it.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
    needed_from: str = ""

    @property
    def state(self) -> str:
        """One word: ok, later (missing, but only later lessons need it) or FAIL."""
        return STATES[0] if self.ok else STATES[1] if self.needed_from else STATES[2]

    @property
    def failed(self) -> bool:
        """Whether something must be done about it now."""
        return self.state == "FAIL"

    def __str__(self) -> str:
        return findings_text([self])


class Findings(list[Finding]):
    """Findings in order. A notebook shows them as a table, `print` as aligned lines."""

    def __repr__(self) -> str:
        return findings_text(self)

    def _repr_html_(self) -> str:
        return clean(findings_html(self))


def examine_one(name: str, check: Callable[[], str], needed_from: str = "") -> Finding:
    """Run a check and return its finding; a check that crashes gives one too.

    Args:
        name: what is looked at.
        check: returns what it saw, or raises a `CourseError` with the fix.
        needed_from: the number of the lesson that first needs it.
    """
    try:
        return Finding(name, True, check())
    except CourseError as error:
        return Finding(name, False, error.what, error.fix, needed_from)
    except Exception as error:  # the other findings are still worth having
        detail = f"cannot tell, the check itself broke: {type(error).__name__}: {error}"
        return Finding(name, False, detail, "git pull, then check again", needed_from)


def summarise(findings: Sequence[Finding]) -> str:
    """Return how many checks there were and which failed, in a few words."""
    failed = [finding.name for finding in findings if finding.failed]
    later = sum(finding.state == "later" for finding in findings)
    verdict = f"{len(failed)} failed: {', '.join(failed)}" if failed else "none failed"
    if later:
        verdict += f", {later} for later lessons"
    elif not failed:
        verdict = "all ok"
    return f"{len(findings)} checks, {verdict}"


def findings_text(findings: Sequence[Finding], colours: Mapping[str, str] | None = None) -> str:
    """Return the findings as aligned lines, with the fix under each that is not ok.

    Args:
        findings: in the order to show them.
        colours: the terminal's code for each state, for instance `{"FAIL": "31"}`; none by default.
    """
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        state = f"{finding.state:5}"
        if colours:
            state = f"\x1b[{colours[finding.state]}m{state}\x1b[0m"
        lines.append(f"{state}  {_plain(finding.name):{width}}  {_plain(finding.detail)}")
        if finding.fix:
            when = f"From lesson {finding.needed_from} on" if finding.needed_from else "Fix"
            lines.append(f"{'':7}{when}: {_plain(finding.fix)}")
    return "\n".join(lines)


def findings_html(findings: Iterable[Finding]) -> str:
    """Return the findings as an accessible table: states are words, every text is escaped."""
    left = 'style="text-align:left"'
    rows = "".join(
        f'<tr><td {left}><span class="{f.state.lower()}">{f.state}</span></td>'
        f'<th scope="row" {left}>{html.escape(f.name)}</th>'
        f"<td {left}>{html.escape(f.detail)}</td><td {left}>{_fix_html(f)}</td></tr>"
        for f in findings
    )
    head = "".join(f'<th scope="col" {left}>{n}</th>' for n in ("State", "Check", "Seen", "Fix"))
    return (
        f"<table><caption {left}>Findings</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _fix_html(finding: Finding) -> str:
    if not finding.fix:
        return ""
    when = f"From lesson {html.escape(finding.needed_from)} on: " if finding.needed_from else ""
    return f"{when}<code>{html.escape(finding.fix)}</code>"


def _plain(text: str) -> str:
    """Return one line without control characters, which a program's name may hold."""
    return " ".join(clean(text).split())
