"""What can go wrong with the file of a backup and the commands that fill it. No Docker."""

from __future__ import annotations

import errno
import json
import os
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import psutil
import pytest

from course_helpers.backup import commands
from course_helpers.backup.archive import (
    MANIFEST,
    MANIFEST_LIMIT,
    ArchiveWriter,
    check_place,
    new_archive,
    open_archive,
)
from course_helpers.backup.manifest import PARTS, POSTGRES_PART, Manifest, Part
from course_helpers.core import progress
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.stack import streams
from course_helpers.stack.streams import read_stream, write_stream
from tests.unit.backup.test_manifest import FACTS, make_backup, refusal, rewrite

Command = Callable[[str], None]
ENDLESS = "import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 16))"


def refusing(code: int) -> Callable[..., None]:
    """Return a function of the system's that fails."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def lie(path: Path, change: dict[str, Any]) -> str:
    """Return why a backup is refused whose manifest says something else."""
    path.unlink(missing_ok=True)
    text = json.loads(make_backup(path).to_json()) | change
    rewrite(path, {MANIFEST: json.dumps(text).encode()})
    return refusal(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a backup.zip"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Let a Python program take the place of every command in a container."""

    def put(program: str) -> None:
        line = [sys.executable, "-c", program]
        monkeypatch.setattr(streams, "compose_command", lambda *_: line)

    monkeypatch.setattr(streams, "compose_environment", lambda: dict(os.environ))
    return put


class Failing(ArchiveWriter):
    """An archive that takes some of one part, and fails then."""

    def __init__(self, part: str, error: type[BaseException]) -> None:
        self.part, self.error = part, error
        self.running = 0

    def add(self, name: str, chunks: Iterable[bytes]) -> Part:
        if name == self.part:
            next(iter(chunks))
            self.running = len(psutil.Process().children())
            next(iter(chunks))
            raise self.error
        return Part(0, "")


class TestEnding:
    @pytest.fixture(autouse=True)
    def dumps(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        @contextmanager
        def snapshot() -> Iterator[Any]:
            yield lambda sql: [["00000003-00000002-1"]]

        command(ENDLESS)
        monkeypatch.setattr(commands, "snapshot", snapshot)
        monkeypatch.setattr(commands, "_facts", lambda ask: FACTS)

    @pytest.mark.parametrize("part", PARTS)
    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    def test_a_dump_ends_when_it_cannot_be_written(
        self, part: str, error: type[BaseException]
    ) -> None:
        archive, before = Failing(part, error), len(psutil.Process().children())
        with pytest.raises(error) as kept:  # which holds every frame, as IPython does
            commands._write(archive)
        assert archive.running == before + 1
        assert len(psutil.Process().children()) == before, kept

    def test_it_ends_when_it_is_interrupted_between_two_chunks(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def clock() -> Iterator[float]:
            yield 0.0
            raise KeyboardInterrupt

        monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=clock().__next__))
        before = len(psutil.Process().children())
        with pytest.raises(KeyboardInterrupt) as kept:
            commands._write(Failing(POSTGRES_PART, OSError))
        assert len(psutil.Process().children()) == before, kept


class TestStreams:
    def test_a_source_that_goes_away_is_a_sentence(self, command: Command) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"half"
            raise OSError(errno.EIO, "Input/output error")

        command("import sys; sys.stdin.read()")
        with pytest.raises(ServerError, match=r"postgres was broken off: Input/output error\."):
            write_stream("postgres", chunks(), "pg_restore")

    def test_no_room_for_its_messages_is_a_sentence(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command("")
        monkeypatch.setattr(streams.tempfile, "TemporaryFile", refusing(errno.ENOSPC))
        with pytest.raises(ServerError, match="No space left on device"):
            list(read_stream("postgres", "pg_dump"))

    def test_messages_that_are_no_text_are_no_traceback(self, command: Command) -> None:
        command("import os; os.write(2, b'error: \\xff\\x9d'); raise SystemExit(1)")
        with pytest.raises(ServerError, match="postgres failed: error: "):
            list(read_stream("postgres", "pg_dump"))

    @pytest.mark.parametrize("code", [errno.EPIPE, errno.EINVAL])  # on Windows it is EINVAL
    @pytest.mark.parametrize("method", ["write", "close"])
    def test_a_command_may_end_before_it_has_read_all(
        self, method: str, code: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pipe = SimpleNamespace(write=lambda chunk: None, close=lambda: None)
        setattr(pipe, method, refusing(code))
        process = MagicMock(stdin=pipe, stdout=None, **{"wait.return_value": 0})
        process.__enter__.return_value = process
        monkeypatch.setattr(streams.subprocess, "Popen", lambda *_, **__: process)
        monkeypatch.setattr(streams, "compose_command", lambda *_: [])
        monkeypatch.setattr(streams, "compose_environment", dict)
        write_stream("postgres", [b"more"], "pg_restore", "--list")


TOO_LONG = pytest.param("a" * 300, marks=pytest.mark.skipif(os.name == "nt", reason="says other"))


class TestPlace:
    @pytest.mark.parametrize("act", [commands.save, commands.restore])
    @pytest.mark.parametrize("name", ["~nobodyxyz/x.zip", "~a\0b/x.zip", "x\0.zip", TOO_LONG])
    def test_a_name_that_cannot_be_is_a_sentence(
        self, act: Callable[[str], Any], name: str
    ) -> None:
        with pytest.raises(CourseError) as caught:
            act(name)
        assert type(caught.value) is CourseError  # before Docker is asked
        assert name.split("/")[-1] in caught.value.what

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
