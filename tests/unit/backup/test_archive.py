"""The file of a backup: made whole or not at all, and checked to the last byte. No Docker."""

from __future__ import annotations

import errno
import os
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course_helpers.backup import archive
from course_helpers.backup.archive import (
    MANIFEST,
    MANIFEST_LIMIT,
    check_place,
    new_archive,
    open_archive,
)
from course_helpers.backup.manifest import PARTS, POSTGRES_PART, REDIS_PART
from course_helpers.core.errors import CourseError, ServerError
from tests.unit.backup.backup_backend import CONTENT, make_backup, refusal, rewrite
from tests.unit.shared import refusing


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


class TestPlace:
    def test_a_folder_that_may_not_be_entered_is_a_sentence(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for ask in ("stat", "lstat"):
            monkeypatch.setattr(Path, ask, refusing(errno.EACCES))
        with pytest.raises(CourseError) as caught:
            check_place(path)
        monkeypatch.undo()
        assert caught.value.what == f"{path} could not be written: Permission denied."

    def test_what_appears_meanwhile_is_not_replaced(self, path: Path) -> None:
        with pytest.raises(CourseError, match="is there already"), new_archive(path):
            path.write_text("another backup")
        assert path.read_text() == "another backup"
        assert list(path.parent.iterdir()) == [path]

    def test_a_disk_without_links_does_as_well(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))
        make_backup(path)
        with open_archive(path):
            assert list(path.parent.iterdir()) == [path]

    def test_what_appears_meanwhile_on_a_disk_without_links_is_not_replaced(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))
        self.test_what_appears_meanwhile_is_not_replaced(path)


class TestReading:
    @pytest.mark.parametrize("cut", [True, False])
    def test_one_that_changes_after_it_was_checked_is_a_sentence(
        self, cut: bool, path: Path
    ) -> None:
        make_backup(path)
        with open_archive(path) as archive, path.open("r+b") as file:
            file.truncate(50_000) if cut else file.seek(50_000)
            file.write(b"" if cut else b"another")
            file.flush()
            with pytest.raises(CourseError, match=r"is damaged or cannot be read: \w") as caught:
                b"".join(archive.chunks(POSTGRES_PART))
        assert str(path) in caught.value.what

    def test_a_disk_that_goes_away_is_a_sentence(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_backup(path)
        with open_archive(path) as archive:
            monkeypatch.setattr(zipfile.ZipExtFile, "read", refusing(errno.EIO))
            with pytest.raises(CourseError, match=r"cannot be read: Input/output error\."):
                b"".join(archive.chunks(POSTGRES_PART))

    def test_a_manifest_that_takes_more_of_the_file_than_it_says_is_not_read(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_backup(path)
        content = bytearray(path.read_bytes())
        entry = content.rindex(b"PK\x01\x02")  # the manifest is the last in the index
        struct.pack_into("<I", content, entry + 20, MANIFEST_LIMIT * 2)  # its compressed size
        path.write_bytes(content)
        with zipfile.ZipFile(path) as archive:
            assert archive.getinfo(MANIFEST).compress_size > MANIFEST_LIMIT
        monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was read"))
        assert "other files, or compressed ones" in refusal(path)
