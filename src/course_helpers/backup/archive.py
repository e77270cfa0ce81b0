"""A backup as one file: a ZIP, not compressed, of the two dumps and the manifest.

One file is copied whole or not at all, and every system opens a ZIP with a double click. A ZIP's
index is written last, so a truncated file is not a valid ZIP; and it can be written while the dumps
arrive, whose sizes are not known before (a tar needs them first). Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from course_helpers.backup.manifest import PARTS, Manifest, Part
from course_helpers.core.errors import CourseError
from course_helpers.core.processes import CHUNK
from course_helpers.core.progress import with_progress

MANIFEST = "manifest.json"
MANIFEST_LIMIT = 1_000_000  # bytes; a real one has two thousand
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError)  # what reading raises
_OTHER = "copy it here once more, or use another backup"


class ArchiveWriter:
    """A backup that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, name: str, chunks: Iterable[bytes]) -> Part:
        """Write a part and return its size and checksum."""
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as part:
            for chunk in chunks:
                part.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        return Part(size, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest."""
        self._archive.writestr(MANIFEST, manifest.to_json())


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write a backup under a temporary name, and give it its own name when it is complete.

    Only its owner can read it.

    Raises:
        CourseError: the file exists, its folder does not, or the disk is full.
    """
    check_place(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            unfinished = Path(folder, path.name)
            unfinished.touch(0o600)
            with unfinished.open("w+b") as file:
                with zipfile.ZipFile(file, "w") as archive:
                    yield ArchiveWriter(archive)
                file.flush()
                os.fsync(file.fileno())
            _put(unfinished, path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _put(unfinished: Path, path: Path) -> None:
    """Give a file its name, unless another file has taken that name meanwhile.

    Linking never replaces a file. Renaming does, except on Windows; so where links are not
    supported, the name is checked once more just before.
    """
    try:
        os.link(unfinished, path)
    except OSError:  # the name is taken, or the disk knows no links (FAT, some network drives)
        check_place(path)
        unfinished.rename(path)


def check_place(path: Path) -> None:
    """Raise unless a new backup can be written to a path.

    Raises:
        CourseError: it cannot; an existing file is never replaced.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        if path.parent.is_dir():
            return
        fix = "make it, or name another place"
        raise CourseError(f"There is no folder {path.parent}.", fix) from None
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    what = "is a folder" if path.is_dir() else "is there already"
    raise CourseError(f"{path} {what}.", "name a new file, for instance with today's date")


def _unwritable(path: Path, error: Exception) -> CourseError:
    what = f"{path} could not be written: {_why(error)}."
    return CourseError(what, "make room there, or name another place")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or "it ends too early"


class Archive:
    """A backup that was checked and is complete.

    Attributes:
        path: where it is.
        manifest: what is in it.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._archive = archive

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a part.

        Raises:
            CourseError: it is damaged, for instance changed since the check, or its disk is gone.
        """
        try:
            with self._archive.open(name) as part:
                while chunk := part.read(CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise _damaged(self.path, error) from None


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a backup, and check every byte of it first.

    Raises:
        CourseError: it does not exist, is no backup, is incomplete, or was changed.
    """
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        what = f"{path} cannot be read: {_why(error)}."
        raise CourseError(what, "name the file of a backup") from None
    with file, _as_zip(path, file) as archive:
        yield _checked(path, archive)


def _as_zip(path: Path, file: object) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)  # type: ignore[call-overload]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise CourseError(f"{path} is no backup, or only a part of one.", _OTHER) from None


def _checked(path: Path, archive: zipfile.ZipFile) -> Archive:
    """Return the archive if it holds what its manifest says, and nothing else."""
    names = sorted(archive.namelist())
    if names != sorted((MANIFEST, *PARTS)) or not all(map(_is_stored, archive.infolist())):
        what = "is no backup of this course: it holds other files, or compressed ones"
        raise CourseError(f"{path} {what}.", _OTHER)
    try:
        if archive.getinfo(MANIFEST).file_size > MANIFEST_LIMIT:
            raise CourseError(f"{path} has a manifest that is too long.", _OTHER)
        found = Archive(path, archive, Manifest.from_json(archive.read(MANIFEST)))
        wrong = [name for name in PARTS if not _is_whole(found, name)]
    except _BROKEN as error:
        raise _damaged(path, error) from None
    if wrong:
        raise CourseError(f"{path} is damaged: {wrong[0]} is not as it was saved.", _OTHER)
    return found


def _is_stored(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry is stored uncompressed, so that its size is true."""
    return entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size


def _damaged(path: Path, error: Exception) -> CourseError:
    return CourseError(f"{path} is damaged or cannot be read: {_why(error)}.", _OTHER)


def _is_whole(archive: Archive, name: str) -> bool:
    expected = archive.manifest.parts[name]
    digest, size = hashlib.sha256(), 0
    for chunk in with_progress(archive.chunks(name), f"checking {name}", expected.size):
        digest.update(chunk)
        size += len(chunk)
    return Part(size, digest.hexdigest()) == expected
