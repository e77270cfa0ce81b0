"""Search an image for secrets: every file of every layer, also those that a later layer deleted."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from course_helpers.core import docker
from course_helpers.core.errors import BuildError
from course_helpers.core.processes import CHUNK
from course_helpers.images.build import image_sources

SETTINGS = "the image's settings"  # its environment, labels and history
TIMEOUT = 600.0  # seconds that Docker may be silent while it packs


@dataclass(frozen=True)
class Found:
    """A secret that is in an image: its name, and the file that holds it."""

    name: str
    path: str


def search_layers(image: str, secrets: Mapping[str, str]) -> list[Found]:
    """Look for secrets in an image, as anybody can who has it.

    Archives inside a layer are not unpacked. 500 MB take about ten seconds.

    Args:
        image: its name.
        secrets: name -> value; empty values are not looked for.

    Returns:
        Each secret with each file that holds it.

    Raises:
        BuildError: there is no such image here.
    """
    needles = {name: value.encode() for name, value in secrets.items() if value.strip()}
    if image_sources(image) is None:
        raise BuildError(f"There is no image {image} here.", "make images")
    with _archive(image) as archive:
        holders = {name for name, file in _blobs(archive) if _secrets_in(file, needles)}
    if not holders:
        return []
    with _archive(image) as archive:  # the files in them only now: it is slower
        found = (_locate(file, needles) for name, file in _blobs(archive) if name in holders)
        hits = {hit for each in found for hit in each}
    return sorted(hits, key=lambda hit: (hit.name, hit.path))


@contextmanager
def _archive(image: str) -> Iterator[tarfile.TarFile]:
    """Yield what `docker save` writes: an archive of layers, which are archives, and JSON files."""
    with docker.client(TIMEOUT) as engine:
        saved = docker.request(engine, "GET", "images/get", stream=True, params={"names": [image]})
        with saved, tarfile.open(fileobj=saved.raw, mode="r|") as archive:
            yield archive


def _blobs(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the archive's files by name, unpacked where the image store keeps them packed."""
    for member in archive:
        if member.isfile() and (file := archive.extractfile(member)) is not None:
            packed = _starts(file, b"\x1f\x8b")
            yield member.name, cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file


def _starts(file: Any, magic: bytes) -> bool:
    return bytes(file.peek(len(magic))).startswith(magic)


def _secrets_in(file: IO[bytes], needles: Mapping[str, bytes]) -> set[str]:
    """Return the names of the secrets in a file, also of one that two chunks share."""
    overlap = max((len(value) for value in needles.values()), default=1) - 1
    names: set[str] = set()
    tail = b""
    while chunk := file.read(CHUNK):
        text = tail + chunk
        names |= {name for name, value in needles.items() if value in text}
        tail = text[max(0, len(text) - overlap) :]
    return names


def _locate(file: Any, needles: Mapping[str, bytes]) -> Iterator[Found]:
    if _starts(file, b"{") or _starts(file, b"["):
        yield from (Found(name, SETTINGS) for name in _secrets_in(file, needles))
        return
    try:
        with tarfile.open(fileobj=file, mode="r|") as layer:
            for member in layer:
                if member.isfile() and (content := layer.extractfile(member)) is not None:
                    path = f"/{member.name.removeprefix('./')}"
                    yield from (Found(name, path) for name in _secrets_in(content, needles))
    except tarfile.ReadError:  # a small file beside the layers: a version, a name
        return
