"""Findings: in words, escaped, aligned in a terminal, summed up."""

from __future__ import annotations

import pytest

from course_helpers.core.findings import Finding, Findings, examine_one, findings_html, summarise
from tests.unit.shared import EVIL


def test_findings_are_words_and_escaped() -> None:
    later = Finding("C", False, "none", "get it", needed_from="03")
    found = Findings([Finding("A", True, EVIL), Finding("B", False, "bad", "mend it"), later])
    shown = found._repr_html_()
    assert "<script" not in shown
    for word in ("ok", "FAIL", "later"):
        assert f">{word}</span>" in shown
    assert "<code>mend it</code>" in shown
    assert "From lesson 03 on: <code>get it</code>" in shown
    assert [finding.failed for finding in found] == [False, True, False]
    assert "<script" not in findings_html([Finding(EVIL, False, "x", EVIL, EVIL)])


def test_findings_in_a_terminal_are_aligned_and_plain() -> None:
    found = Findings(
        [Finding("A", True, "\x1b[31mred\x1b[0m\n2"), Finding("Long", False, "x", "y")]
    )
    assert repr(found) == "ok     A     red 2\nFAIL   Long  x\n       Fix: y"
    assert str(Finding("B", False, "bad", "mend it", "04")).endswith("From lesson 04 on: mend it")


@pytest.mark.parametrize(
    ("states", "summary"),
    [
        (["ok", "ok"], "2 checks, all ok"),
        (["ok", "later"], "2 checks, none failed, 1 for later lessons"),
        (["FAIL", "later"], "2 checks, 1 failed: FAIL, 1 for later lessons"),
        (["FAIL", "ok"], "2 checks, 1 failed: FAIL"),
    ],
)
def test_the_summary_counts_only_what_failed_now(states: list[str], summary: str) -> None:
    found = [Finding(s, s == "ok", "", "", "03" if s == "later" else "") for s in states]
    assert summarise(found) == summary


def test_a_check_that_breaks_is_a_finding() -> None:
    def broken() -> str:
        raise ZeroDivisionError("1/0")

    finding = examine_one("Odd", broken, "03")
    assert finding.state == "later"
    assert "cannot tell, the check itself broke: ZeroDivisionError: 1/0" in finding.detail
    assert finding.fix.startswith("git pull")
    assert examine_one("Odd", broken).state == "FAIL"
