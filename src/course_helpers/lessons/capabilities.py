"""The capabilities of the stack's engine, as measured by the conformance suite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean, table
from course_helpers.core.settings import DEPLOYMENT

TABLE = DEPLOYMENT / "engine" / "capabilities.json"


@dataclass(frozen=True)
class Capability:
    """The results for a group of behaviours; each is a test that ran on both servers.

    Attributes:
        group: its name, for instance `double_texting`.
        behaviours: how many tests pass on `langgraph dev`.
        engine: how many of these pass on the open engine.
        missing: the names of the others.
    """

    group: str
    behaviours: int
    engine: int
    missing: Sequence[str] = ()

    def __repr__(self) -> str:
        lacks = f", not: {', '.join(self.missing)}" if self.missing else ""
        return f"{self.group}: {self.engine} of {self.behaviours}{lacks}"


@dataclass(frozen=True)
class Capabilities:
    """The capability table: which behaviours of `langgraph dev` the open engine has too.

    Attributes:
        control: the server that the engine was compared with.
        engine: the engine, with its version.
        groups: the results, group by group.
    """

    control: str
    engine: str
    groups: Sequence[Capability]

    def of(self, group: str) -> Capability:
        """Return a group's row.

        Args:
            group: its name.

        Raises:
            CourseError: there is no such group.
        """
        for each in self.groups:
            if each.group == group:
                return each
        known = ", ".join(each.group for each in self.groups)
        raise CourseError(f"The capability table has no group {group!r}.", f"use one of {known}")

    @property
    def title(self) -> str:
        """The table's title, which names both servers; the licensed image could not be tested."""
        return f"Behaviours of {self.engine} that are as langgraph dev ({self.control}) behaves"

    def _rows(self) -> list[dict[str, str]]:
        return [
            {
                "Group": row.group.replace("_", " "),
                "langgraph dev": str(row.behaviours),
                "open engine": str(row.engine),
                "missing": ", ".join(row.missing) or "none",
            }
            for row in self.groups
        ]

    def __repr__(self) -> str:
        shown, all_ = (sum(getattr(g, n) for g in self.groups) for n in ("engine", "behaviours"))
        return clean("\n".join([self.title, *map(repr, self.groups), f"all: {shown} of {all_}"]))

    def _repr_html_(self) -> str:
        return table(self.title, self._rows())


def capabilities(path: Path = TABLE) -> Capabilities:
    """Return the table that the conformance suite has written.

    Args:
        path: the file.

    Raises:
        CourseError: the file is missing or invalid.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        groups = [Capability(name, **row) for name, row in found["groups"].items()]
        return Capabilities(control=found["as"], engine=found["engine"], groups=groups)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"The capability table {path} cannot be read: {error!r}.",
            "git checkout -- deployment/engine/capabilities.json",
        ) from None
