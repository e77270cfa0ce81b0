"""The file of a backup: made whole or not at all, and checked to the last byte. No Docker."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course_helpers.backup import __main__, archive, commands, preflight
from course_helpers.backup.archive import new_archive, open_archive
from course_helpers.backup.manifest import PARTS, POSTGRES_PART, REDIS_PART, Manifest, told
from course_helpers.backup.preflight import Engine
from course_helpers.core import progress
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.stack.postgres import literal, quoted

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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a backup.zip"


class TestManifest:
    def test_it_is_read_as_it_was_written(self, path: Path) -> None:
        manifest = make_backup(path)
        assert Manifest.from_json(manifest.to_json()) == manifest
        assert manifest.in_flight == 2
        assert str(manifest) == "2 threads, 3 runs, 1,200 checkpoints, 1 assistant"
        assert repr(manifest).endswith("; 0.1 MB)")
        assert told({"threads": 0}) == ""

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


class TestWriting:
    def test_only_its_owner_can_read_it(self, path: Path) -> None:
        make_backup(path)
        assert list(path.parent.iterdir()) == [path]
        if sys.platform != "win32":
            assert path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ServerError("It failed.", "again")])
    def test_one_that_is_interrupted_leaves_nothing(self, path: Path, error: Any) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"half"
            assert [each.name for each in path.parent.iterdir()] != [path.name]
            raise error

        with (
            pytest.raises((KeyboardInterrupt, ServerError)),
            new_archive(path) as archive,
        ):
            archive.add(POSTGRES_PART, chunks())
        assert list(path.parent.iterdir()) == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_full_disk_is_a_sentence(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda _, mode: opened(Path("/dev/full"), "wb"))
        with (
            pytest.raises(CourseError, match="No space left on device"),
            new_archive(path) as archive,
        ):
            archive.add(POSTGRES_PART, [bytes(1 << 20)])
        assert list(path.parent.iterdir()) == []

    def test_an_earlier_backup_is_never_replaced(self, path: Path) -> None:
        make_backup(path)
        before = path.read_bytes()
        for place, why in ((path, "is there already"), (path.parent, "is a folder")):
            with pytest.raises(CourseError, match=why):
                commands.save(place)
        assert path.read_bytes() == before
        with pytest.raises(CourseError, match="There is no folder"):
            commands.save(path.parent / "nowhere" / "b.zip")
        with pytest.raises(CourseError, match="not named"):
            commands.save("")


class TestChecking:
    def test_what_was_written_is_given_back(self, path: Path) -> None:
        manifest = make_backup(path)
        with open_archive(path) as archive:
            assert archive.manifest == manifest
            assert {name: b"".join(archive.chunks(name)) for name in PARTS} == CONTENT

    def test_one_that_was_cut_off_anywhere_is_refused(self, path: Path) -> None:
        make_backup(path)
        whole = path.read_bytes()
        for length in (0, 1, 30, 1000, len(whole) // 2, len(whole) - 22, len(whole) - 1):
            path.write_bytes(whole[:length])
            assert "only a part" in refusal(path) or "damaged" in refusal(path)

    def test_a_byte_that_changed_anywhere_in_the_data_is_found(self, path: Path) -> None:
        make_backup(path)
        whole = path.read_bytes()
        end = whole.index(CONTENT[REDIS_PART]) + len(CONTENT[REDIS_PART])
        for place in (*range(0, end, 4999), end - 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert refusal(path)

    def test_a_part_of_another_backup_is_found(self, path: Path) -> None:
        make_backup(path)
        rewrite(path, {POSTGRES_PART: CONTENT[POSTGRES_PART][:-1] + b"?"})
        assert "postgres.dump is not as it was saved" in refusal(path)

    @pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "more.txt", "C:\\evil"])
    def test_other_files_are_refused(self, path: Path, name: str) -> None:
        make_backup(path)
        rewrite(path, {name: b"evil"})
        assert "other files" in refusal(path)

    def test_a_name_that_is_there_twice_is_refused(self, path: Path) -> None:
        make_backup(path)
        with (
            pytest.warns(UserWarning, match="Duplicate name"),
            zipfile.ZipFile(path, "a") as archive,
        ):
            archive.writestr(POSTGRES_PART, b"evil")
        assert "other files" in refusal(path)

    def test_nothing_compressed_is_unpacked(self, path: Path) -> None:
        make_backup(path)
        rewrite(path, {POSTGRES_PART: bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
        assert "other files" in refusal(path)

    def test_a_manifest_as_long_as_memory_is_refused(self, path: Path) -> None:
        make_backup(path)
        rewrite(path, {"manifest.json": b" " * (archive.MANIFEST_LIMIT + 1)})
        assert "too long" in refusal(path)

    def test_what_is_no_file_is_a_sentence(self, path: Path) -> None:
        assert "No such file" in refusal(path)
        assert "directory" in refusal(path.parent)
        path.write_text("no zip")
        assert "is no backup" in refusal(path)


class TestRestoring:
    @pytest.mark.parametrize(
        ("revision", "engine", "known"),
        [
            ("a3f7c1d9e2b4", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4", "b88bb61be638")), True),
            ("b88bb61be638", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4", "b88bb61be638")), True),
            ("ffffffffffff", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4", "b88bb61be638")), False),
            ("", Engine("Aegra 0.11.0", ("a3f7c1d9e2b4",)), False),
            ("a3f7c1d9e2b4", Engine("another server", ()), False),
            ("", Engine("another server", ()), True),
        ],
    )
    def test_tables_of_a_newer_or_another_server_are_refused(
        self,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
        revision: str,
        engine: Engine,
        known: bool,
    ) -> None:
        monkeypatch.setattr(preflight, "read_engine", lambda: engine)
        manifest = make_backup(path, revision=revision)
        if known:
            preflight.require_known(manifest)
            return
        with pytest.raises(CourseError, match=engine.name):
            preflight.require_known(manifest)

    def test_names_and_texts_are_quoted(self) -> None:
        assert (quoted('a"b'), literal("it's")) == ('"a""b"', "'it''s'")

    def test_versions_are_compared_by_number(self) -> None:
        major = preflight._major
        assert [major(v) for v in ("17.2 (Debian)", "9.6", "18beta1", "", "x")] == [17, 9, 18, 0, 0]


class TestCommandLine:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["save", ""], "which file"),
            (["restore"], "which file"),
            (["restore", "no.zip"], "cannot be read"),
            (["restore", "no.zip", "ove"], "Unknown command"),
            ([], "Unknown command"),
        ],
    )
    def test_wrong_input_ends_it_with_a_sentence(self, arguments: list[str], said: str) -> None:
        with pytest.raises(SystemExit, match=said):
            __main__.main(arguments)


class TestProgress:
    @pytest.mark.parametrize("terminal", [True, False])
    def test_it_is_shown_only_when_it_takes_longer(
        self,
        terminal: bool,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        now = iter([0.0, 1.0, 2.0, 2.05, 8.0])
        monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        chunks = [bytes(1_000_000)] * 4
        assert list(progress.with_progress(chunks, "Postgres", 4_000_000)) == chunks
        first, last = "  Postgres: 2 of 4 MB, 1 MB/s", "  Postgres: 4 of 4 MB, 0 MB/s"
        said = capsys.readouterr().out
        if terminal:
            assert said == f"\r{first}\x1b[K\r{last}\x1b[K\n"
        else:
            assert said == f"{first}\n{last}\n"
