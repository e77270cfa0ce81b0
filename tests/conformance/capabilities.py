"""Make the table of capabilities that lessons read, from the last complete run.

python -m tests.conformance.capabilities
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.conformance.score import CONTROL, ENGINE, REPORT

TABLE = Path(__file__).resolve().parents[2] / "deployment" / "engine" / "capabilities.json"
_ROW = re.compile(r"^async def test_\w+", re.M)


def main() -> int:
    """Write the table, or say why the last run cannot be its source."""
    report = json.loads(REPORT.read_text()) if REPORT.exists() else {"groups": {}}
    if missing := incomplete(report, rows_by_group()):
        print(f"{REPORT.name} is not of a complete run: {missing}. Run all rows on both targets.")
        return 1
    write_capabilities(report, TABLE)
    print(f"Wrote {TABLE}.")
    return 0


def rows_by_group() -> dict[str, int]:
    """Return how many rows each file of this folder has."""
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    return {f.stem.removeprefix("test_"): len(_ROW.findall(f.read_text())) for f in files}


def incomplete(report: dict[str, Any], rows: dict[str, int]) -> str | None:
    """Return what a report lacks of all rows on both targets; None if nothing."""
    for name, count in rows.items():
        group = report["groups"].get(name)
        if group is None or group["rows"] != count:
            return f"{name} has {count} rows, {group['rows'] if group else 0} of them ran"
        if group[ENGINE] is None:
            return f"{name} did not run on the engine"
        if group[CONTROL] != count:
            return f"{name} does not hold on the control itself"
    return None


def write_capabilities(report: dict[str, Any], path: Path) -> None:
    """Write which of the control's behaviours the engine shows, by group, and which it lacks."""
    groups = {
        name: {"behaviours": g["rows"], "engine": g[ENGINE], "missing": g["failing"]}
        for name, g in report["groups"].items()
    }
    table = {"as": report[CONTROL], "engine": report[ENGINE], "groups": groups}
    path.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
