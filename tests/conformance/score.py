"""The score: which behaviours each target shows, by group."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPORT = Path(__file__).resolve().parents[2] / "build" / "conformance.json"
CONTROL, ENGINE = "control", "engine"
TARGET = "conformance_target"  # the property of a row's report that names what it ran on

_NODE = re.compile(r"test_(?P<group>\w+)\.py::test_(?P<row>\w+)\[(?P<target>control|engine)\]$")


@dataclass
class Score:
    """A pytest plugin that keeps what became of each row on each target.

    Attributes:
        names: what each target says it is.
        groups: by group and row, whether a target passed it.
    """

    names: dict[str, str] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, bool]]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of a row; a failure in any phase is one of the row."""
        match = _NODE.search(report.nodeid)
        if not match or report.skipped:
            return
        row = self.groups.setdefault(match["group"], {}).setdefault(match["row"], {})
        row[match["target"]] = row.get(match["target"], True) and report.passed
        if name := dict(report.user_properties).get(TARGET):
            self.names[match["target"]] = str(name)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the score and write it to `build/conformance.json`."""
        if self.groups:
            REPORT.parent.mkdir(exist_ok=True)
            REPORT.write_text(json.dumps(self.report(), indent=1) + "\n")
            terminalreporter.write_sep("=", "conformance")
            terminalreporter.write_line(self.table())

    def report(self) -> dict[str, Any]:
        """Return the score as data; a target that did not run has no numbers."""
        return {
            **{target: self.names.get(target) for target in (CONTROL, ENGINE)},
            "groups": {group: self._group(rows) for group, rows in self.groups.items()},
        }

    def _group(self, rows: dict[str, dict[str, bool]]) -> dict[str, Any]:
        failing = [sentence(name) for name, row in rows.items() if row.get(ENGINE) is False]
        return {
            "rows": len(rows),
            **{target: self._passed(target, rows) for target in (CONTROL, ENGINE)},
            "failing": failing,
        }

    def _passed(self, target: str, rows: dict[str, dict[str, bool]]) -> int | None:
        """Return how many rows a target passed; None if one of them did not run on it."""
        if any(target not in row for row in rows.values()):
            return None
        return sum(row[target] for row in rows.values())

    def table(self) -> str:
        """Return the score as a table by group, and a total."""
        report = self.report()
        groups = report["groups"]
        lines = [f"{'group':<18}{'rows':>6}{'control':>9}{'engine':>8}"]
        for name, group in [*groups.items(), ("all", _total(list(groups.values())))]:
            control, engine = (_shown(group[target]) for target in (CONTROL, ENGINE))
            lines.append(f"{name:<18}{group['rows']:>6}{control:>9}{engine:>8}")
        for target in (CONTROL, ENGINE):
            lines.append(f"{target}: {report[target] or 'NOT RUN'}")
        return "\n".join(lines)


def sentence(name: str) -> str:
    """Return a test's name as the sentence that it is."""
    return name.removeprefix("test_").replace("_", " ")


def _total(groups: list[dict[str, Any]]) -> dict[str, Any]:
    def total(key: str) -> int | None:
        values = [group[key] for group in groups]
        return None if None in values else sum(values)

    return {key: total(key) for key in ("rows", CONTROL, ENGINE)}


def _shown(number: int | None) -> str:
    return "-" if number is None else str(number)
