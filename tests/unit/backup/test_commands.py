"""Saving and restoring as commands: wrong places, and dumps that end with them. No Docker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from course_helpers.backup import commands
from course_helpers.backup.archive import ArchiveWriter
from course_helpers.backup.manifest import PARTS, POSTGRES_PART, Part
from course_helpers.core import progress
from course_helpers.core.errors import CourseError, DockerError
from tests.unit.backup.backup_backend import FACTS, make_backup
from tests.unit.shared import Command

ENDLESS = "import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 16))"


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


def test_without_docker_the_backup_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(tmp_path / "a.zip")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DockerError, match="docker is not installed"):
        commands.restore(tmp_path / "a.zip")
