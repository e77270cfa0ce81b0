"""What a backup says of itself: read as it was written, and checked to the last number. No Docker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from course_helpers.backup.archive import MANIFEST
from course_helpers.backup.manifest import PARTS, POSTGRES_PART, Manifest, in_words
from course_helpers.core.errors import CourseError
from tests.unit.backup.backup_backend import make_backup, refusal, rewrite


class TestManifest:
    def test_it_is_read_as_it_was_written(self, path: Path) -> None:
        manifest = make_backup(path)
        assert Manifest.from_json(manifest.to_json()) == manifest
        assert manifest.in_flight == 2
        assert str(manifest) == "2 threads, 3 runs, 1,200 checkpoints, 1 assistant"
        assert repr(manifest).endswith("; 0.1 MB)")
        assert in_words({"threads": 0}) == ""

    def test_it_shows_all_versions(self, path: Path) -> None:
        versions = "Aegra 0.11.0, Postgres 17.2, Redis 8.0.2, course helpers 0.1.0"
        assert versions in make_backup(path)._repr_html_()

    def test_what_it_says_is_escaped(self, path: Path) -> None:
        assert "<b>" not in make_backup(path, engine="<b>")._repr_html_()

    @pytest.mark.parametrize(
        "change",
        [
            {"rows": {"thread": -1}},
            {"rows": {"thread": "1"}},
            {"rows": {"thread": True}},
            {"rows": [1]},
            {"runs": None},
            {"engine": 5},
            {"parts": {}},
            {"parts": {name: {"size": "1", "sha256": ""} for name in PARTS}},
            {"database_size": 1.5},
            {"format": 2},
            {"format": "\x1b[31m"},
        ],
    )
    def test_another_kind_of_value_is_a_sentence(self, change: dict[str, Any], path: Path) -> None:
        text = json.dumps({**json.loads(make_backup(path).to_json()), **change}).encode()
        with pytest.raises(CourseError, match=r"manifest cannot be read|of format") as caught:
            Manifest.from_json(text)
        assert "\x1b" not in caught.value.what

    @pytest.mark.parametrize("text", [b"", b"[]", b"5", b"{", b"\xff", b"{}", b"[" * 100_000])
    def test_what_is_no_manifest_is_a_sentence(self, text: bytes) -> None:
        with pytest.raises(CourseError, match="not JSON with a format"):
            Manifest.from_json(text)


def lie(path: Path, change: dict[str, Any]) -> str:
    """Return why a backup is refused whose manifest says something else."""
    path.unlink(missing_ok=True)
    text = json.loads(make_backup(path).to_json()) | change
    rewrite(path, {MANIFEST: json.dumps(text).encode()})
    return refusal(path)


class TestLies:
    @pytest.mark.parametrize("number", ["abc", -1, 1.5, True, None, 2**63, 10**400])
    @pytest.mark.parametrize("name", ["rows", "runs"])
    def test_every_count_is_checked(self, name: str, number: Any, path: Path) -> None:
        honest = {"rows": {"thread": 1}, "runs": {"thread": 1}}
        assert "manifest" in lie(path, {**honest, name: {"thread": number}})

    def test_no_number_hides_another(self, path: Path) -> None:
        size, part = {"size": 10**400}, f"size of {POSTGRES_PART}"
        assert "size is no whole number" in lie(
            path, {"database_size": 10**400, "rows": {"size": 1}}
        )
        assert "size is no whole number" in lie(
            path, {"rows": size, "runs": {}, "database_size": 1}
        )
        sizes = {name: {**size, "sha256": ""} for name in PARTS}
        assert part in lie(path, {"parts": sizes, "rows": {part: 1}})

    @pytest.mark.parametrize("counts", [[1], None, "thread", 5])
    def test_what_are_no_counts_is_a_sentence(self, counts: Any, path: Path) -> None:
        assert "rows are no counts" in lie(path, {"rows": counts})

    def test_the_largest_number_of_postgres_is_shown(self, path: Path) -> None:
        manifest = make_backup(path, rows={"thread": 2**63 - 1}, database_size=2**63 - 1)
        assert Manifest.from_json(manifest.to_json()) == manifest
        assert "9,223,372,036,854,775,807" in manifest._repr_html_()

    def test_names_are_cleaned(self, path: Path) -> None:
        text = make_backup(path, rows={"\x1b[31mthread": 1}).to_json()
        assert Manifest.from_json(text).rows == {"thread": 1}
