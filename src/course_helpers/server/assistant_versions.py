"""An assistant's versions as plain data, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_helpers.core.markup import clean, table

SHOWN = 5  # versions side by side
_NAMED = ("name", "description", "graph_id")


@dataclass(frozen=True)
class AssistantVersion:
    """One version of an assistant.

    Attributes:
        number: as the server counts them, from 1.
        fields: its contents as text: `name`, `context.todo_category`, `metadata.team` and so on.
    """

    number: int
    fields: Mapping[str, str]

    def changes(self, before: AssistantVersion) -> dict[str, str]:
        """Return what differs from another version: field -> `new`, `changed` or `left out`."""
        words: dict[str, str] = {}
        for name in [*before.fields, *self.fields]:
            if name not in before.fields:
                words[name] = "new"
            elif name not in self.fields:
                words[name] = "left out"
            elif self.fields[name] != before.fields[name]:
                words[name] = "changed"
        return words


@dataclass(frozen=True)
class AssistantVersions:
    """The versions of an assistant, side by side.

    Attributes:
        name: the assistant's.
        current: the number of the version that runs use.
        versions: all of them, the oldest first.
    """

    name: str
    current: int
    versions: Sequence[AssistantVersion]

    def shown(self) -> list[AssistantVersion]:
        """Return the newest `SHOWN` versions, and the current one however old it is."""
        newest = self.versions[-SHOWN:]
        current = [v for v in self.versions if v.number == self.current and v not in newest]
        return [*current, *newest]

    def rows(self) -> list[dict[str, str]]:
        """Return a row for each field with a column for each version, and name each change."""
        shown = self.shown()
        rows = [{"Field": name} for name in _names(shown)]
        for index, version in enumerate(shown):
            title = self._title(version)
            words = version.changes(shown[index - 1]) if index else {}
            for row in rows:
                value, word = version.fields.get(row["Field"], ""), words.get(row["Field"], "")
                row[title] = ": ".join(part for part in (word, value) if part)
        return rows

    def _title(self, version: AssistantVersion) -> str:
        title = f"Version {version.number}"
        twin = next((v for v in self.versions if v.fields == version.fields), version)
        if twin.number < version.number:
            title += f", as version {twin.number}"
        return f"{title} (current)" if version.number == self.current else title

    def __repr__(self) -> str:
        count = f"{len(self.versions)} version{'' if len(self.versions) == 1 else 's'}"
        return f"{clean(self.name)}: {count}, {self.current} is current"

    def _repr_html_(self) -> str:
        title = f"Versions of {self.name}"
        hidden = len(self.versions) - len(self.shown())
        caption = f"{title}, without {hidden} older ones" if hidden else title
        return table(caption, self.rows(), named=True)


def config_of(version: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version's config without `configurable`, which repeats its context."""
    config = version.get("config") or {}
    return {key: value for key, value in config.items() if key != "configurable"}


def version_of(version: Mapping[str, Any]) -> AssistantVersion:
    """Return a version, as the server describes it, in a form that can be compared."""
    parts = {
        "context": version.get("context") or {},
        "config": config_of(version),
        "metadata": version.get("metadata") or {},
    }
    named = {name: version[name] for name in _NAMED if version.get(name)}
    inner = {f"{part}.{key}": parts[part][key] for part in parts for key in sorted(parts[part])}
    fields = {name: _text(value) for name, value in (named | inner).items()}
    return AssistantVersion(version["version"], fields)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _names(versions: Sequence[AssistantVersion]) -> list[str]:
    """Return the names of several versions' fields, grouped by their part."""
    names = {name: None for version in versions for name in version.fields}
    parts = (*_NAMED, "context", "config", "metadata")
    return sorted(names, key=lambda name: (parts.index(name.partition(".")[0]), name))
