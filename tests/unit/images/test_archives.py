"""Images saved and loaded by a stand-in for the engine."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from course_helpers.core.errors import BuildError
from course_helpers.images import archives
from tests.unit.fake_engine import FakeEngine, Handler


def test_images_are_saved_and_loaded(
    engine: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "images.tar.gz"
    engine.on("GET /images/get", [b"the layers ", b"of both"])
    engine.on("POST /images/load", [json.dumps({"stream": "Loaded image: redis:8\n"}).encode()])
    archives.save_images(["redis:8", "task-maistro"], archive)
    assert gzip.decompress(archive.read_bytes()) == b"the layers of both"
    asked = next(each for each in engine.asked if "/images/get" in each)
    assert parse_qs(urlsplit(asked).query)["names"] == ["redis:8", "task-maistro"]
    archives.load_images(archive)
    assert engine.bodies[-1] == archive.read_bytes()
    assert capsys.readouterr().out == "  Loaded image: redis:8\n"


def test_dockers_reason_is_told(engine: FakeEngine, tmp_path: Path) -> None:
    archive = tmp_path / "images.tar.gz"
    engine.on("GET /images/get", (404, {"message": "no such image: redis:8"}))
    with pytest.raises(BuildError, match=r"could not be saved: no such image: redis:8\."):
        archives.save_images(["redis:8"], archive)
    full = {
        "errorDetail": {"message": "no space left on device"},
        "error": "no space left on device",
    }
    engine.on("POST /images/load", [json.dumps(full).encode()])
    with pytest.raises(BuildError, match=r"images.tar.gz could not be loaded: no space left on"):
        archives.load_images(archive)
    engine.on("POST /images/load", (500, {"message": "unexpected EOF"}))
    with pytest.raises(BuildError, match=r"could not be loaded: .*unexpected EOF\."):
        archives.load_images(archive)
    with pytest.raises(BuildError, match=r"gone.tar.gz could not be loaded: No such file"):
        archives.load_images(tmp_path / "gone.tar.gz")


def test_an_engine_that_goes_away_meanwhile_is_told(engine: FakeEngine, tmp_path: Path) -> None:
    def go_away(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhalf \r\n")
        handler.close_connection = True

    engine.on("GET /images/get", go_away)
    with pytest.raises(BuildError, match="could not be saved: Docker: installed, but no engine"):
        archives.save_images(["redis:8"], tmp_path / "images.tar.gz")
