"""The bundle: where it may be made, what is in it, and what is left when that fails."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from dotenv import dotenv_values

from course_helpers.core.errors import CourseError, SettingsError
from course_helpers.core.settings import ROOT, load_settings
from course_helpers.images.names import OFFICIAL
from course_helpers.workspace import bundle
from tests.unit.shared import make_file


class TestPlace:
    @pytest.mark.parametrize(
        ("place", "problem"),
        [
            (ROOT, "is inside the course's own folder"),
            (ROOT / "build" / "course", "is inside the course's own folder"),
            (Path(Path.cwd().anchor), "is a whole disk"),
            (Path("/no/such/course").absolute(), "cannot be made: there is no folder"),
        ],
    )
    def test_a_place_that_cannot_be(self, place: Path, problem: str) -> None:
        with pytest.raises(CourseError, match="make bundle TO=/media/usb/course") as error:
            bundle.check_target(place)
        assert problem in error.value.what

    def test_a_file_or_somebodys_folder_is_not_replaced(self, tmp_path: Path) -> None:
        make_file(tmp_path / "thesis" / "thesis.tex", "")
        with pytest.raises(CourseError, match="holds other things"):
            bundle.check_target(tmp_path / "thesis")
        with pytest.raises(CourseError, match="is a file"):
            bundle.check_target(tmp_path / "thesis" / "thesis.tex")

    def test_an_earlier_bundle_is_replaced_unless_somebody_works_in_it(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        bundle.check_target(tmp_path / "empty")
        earlier = tmp_path / "earlier"
        make_file(earlier / bundle.MADE_FOR, "")
        bundle.check_target(earlier)
        make_file(earlier / "work" / "00_start_here.ipynb", "")
        with pytest.raises(CourseError, match="somebody has worked: it holds work"):
            bundle.check_target(earlier)

    def test_too_little_room(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = namedtuple("usage", "free")
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(200_000_000))
        with pytest.raises(CourseError, match="has 200 MB free; a bundle needs 1000"):
            bundle.check_target(tmp_path / "course")

    @pytest.mark.parametrize("arguments", [[], [""]])
    def test_no_place_at_all(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit, match="make bundle TO=/media/usb/course"):
            bundle.main(arguments)


class TestMaking:
    """The command, with fakes in the place of Docker and of the network."""

    @pytest.fixture
    def target(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        def fetch_wheels(folder: Path) -> None:
            make_file(folder / "package-1.0-py3-none-any.whl", "")

        def save_images(names: list[str], archive: Path) -> None:
            archive.write_text(" ".join(names))

        monkeypatch.setattr(bundle, "make_images", lambda: None)
        monkeypatch.setattr(bundle, "fetch_wheels", fetch_wheels)
        monkeypatch.setattr(bundle, "save_images", save_images)
        settings = load_settings(tmp_path / "none", {"REDIS_IMAGE": "registry.example/redis:8"})
        monkeypatch.setattr(bundle, "load_settings", lambda: settings)
        (tmp_path / "stick").mkdir()
        return tmp_path / "stick" / "course"

    def test_it_holds_the_course_its_packages_and_its_images(
        self, target: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make_file(target / bundle.MADE_FOR, "an earlier one")
        make_file(target / "old.txt", "")
        bundle.main([str(target)])
        assert (target / "Makefile").read_text() == (ROOT / "Makefile").read_text()
        assert (target / bundle.MADE_FOR).read_text() == bundle.made_for() + "\n"
        names = dotenv_values(target / "images/images.env")
        assert names["REDIS_IMAGE"] == "registry.example/redis:8"
        assert set(OFFICIAL) < set(names)
        saved = (target / "images/images.tar.gz").read_text().split()
        assert saved == list(names.values())
        assert "task-maistro-engine:3.13" in saved
        assert not (target / "old.txt").exists()
        assert list(target.parent.iterdir()) == [target]
        said = capsys.readouterr().out
        assert f"{target}: " in said
        assert said.endswith("  make lab\n  make up\n")

    @pytest.mark.parametrize("stage", ["fetch_wheels", "save_images"])
    def test_ctrl_c_leaves_no_half_bundle_and_the_earlier_one(
        self, target: Path, monkeypatch: pytest.MonkeyPatch, stage: str
    ) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(bundle, stage, interrupt)
        with pytest.raises(SystemExit) as ended:
            bundle.main([str(target)])
        assert ended.value.code == 130
        assert list(target.parent.iterdir()) == []
        make_file(target / bundle.MADE_FOR, "an earlier one")
        with pytest.raises(SystemExit):
            bundle.main([str(target)])
        assert (target / bundle.MADE_FOR).read_text() == "an earlier one"
        assert list(target.parent.iterdir()) == [target]

    def test_a_full_disk_is_a_sentence(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(bundle, "save_images", full)
        with pytest.raises(SystemExit, match=r"could not be written: .*No space left on device"):
            bundle.main([str(target)])
        assert list(target.parent.iterdir()) == []

    def test_a_licensed_server_is_refused(
        self, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = load_settings(target, {"BASE_IMAGE": "langchain/langgraph-api"})
        monkeypatch.setattr(bundle, "load_settings", lambda: settings)
        with pytest.raises(SettingsError, match="needs a network to start"):
            bundle.make_bundle(target)
