"""What the tests of backups share: a backup, and ways to spoil it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from course_helpers.backup.archive import new_archive, open_archive
from course_helpers.backup.manifest import PARTS, POSTGRES_PART, REDIS_PART, Manifest
from course_helpers.core.errors import CourseError

CONTENT = {POSTGRES_PART: b"PGDMP" + bytes(range(256)) * 400, REDIS_PART: b"REDIS0012"}
FACTS: dict[str, Any] = {
    "made": "2026-03-04T09:00:00+00:00",
    "course": "0.1.0",
    "engine": "Aegra 0.11.0",
    "revision": "a3f7c1d9e2b4",
    "postgres": "17.2",
    "redis": "8.0.2",
    "database_size": 9_000_000,
    "rows": {"thread": 2, "runs": 3, "checkpoints": 1200, "store": 0, "assistant": 1},
    "runs": {"success": 1, "running": 1, "pending": 1},
}


def make_backup(path: Path, **changes: Any) -> Manifest:
    with new_archive(path) as archive:
        parts = {name: archive.add(name, [CONTENT[name]]) for name in PARTS}
        manifest = Manifest(**{**FACTS, "parts": parts, **changes})
        archive.finish(manifest)
    return manifest


def rewrite(path: Path, change: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """Make a valid ZIP of a backup's files with some of them replaced or added."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()} | change
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def refusal(path: Path) -> str:
    """Return why a backup is refused."""
    with pytest.raises(CourseError) as caught, open_archive(path):
        pass
    return caught.value.what
