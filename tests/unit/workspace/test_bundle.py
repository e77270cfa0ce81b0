"""The bundle: what is in it, what is not, where it may be made, and what installs from it."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from dotenv import dotenv_values

from course_helpers.core import processes
from course_helpers.core.errors import BuildError, CourseError, SettingsError
from course_helpers.core.settings import ROOT, load_settings
from course_helpers.images import archives, make
from course_helpers.images.make import load_bundled
from course_helpers.images.names import OFFICIAL
from course_helpers.workspace import bundle, course_files, wheels

needs_posix = pytest.mark.skipif(os.name != "posix", reason="the fake commands are shell scripts")
KEY = "a-key-of-somebody"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course's folder in use: with files of the course, and with all that git ignores."""
    course = tmp_path / "the course"
    for name in (
        *("README.md", "deployment/.env.example", "deployment/.dockerignore", "a/work/b.py"),
        *("notebooks/images/a.png", "deployment/images/Dockerfile", ".ci/venv.sh"),
    ):
        make_file(course / name, "")
    shutil.copy(ROOT / ".gitignore", course)
    for name in ignored_files():
        make_file(course / name, KEY)
    return course


def make_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def ignored_files() -> list[str]:
    """Return a file for each line of `.gitignore`."""
    lines = (ROOT / ".gitignore").read_text().split()
    patterns = [line.lstrip("/").replace("*", "x") for line in lines if line[0] != "!"]
    return [f"{name}inside/x.py" if name.endswith("/") else name for name in patterns]


class TestFiles:
    def test_nothing_that_git_ignores_is_part_of_the_course(self, course: Path) -> None:
        found = {path.as_posix() for path in course_files.course_files(course)}
        assert {"README.md", "deployment/.env.example", ".ci/venv.sh", ".gitignore"} <= found
        assert {"notebooks/images/a.png", "deployment/images/Dockerfile", "a/work/b.py"} <= found
        assert len(ignored_files()) > 10
        assert not found & set(ignored_files())

    @pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
    def test_it_is_the_same_with_git_and_without(self, course: Path) -> None:
        (course / "a" / "work").rename(course / "a" / "tasks")  # git ignores it everywhere
        without = course_files.course_files(course)
        subprocess.run(["git", "init", "--quiet", course], check=True)
        subprocess.run(["git", "-C", course, "add", "README.md"], check=True)
        assert course_files.course_files(course) == without
        make_file(course / ".git/info/exclude", "/notes.txt")
        make_file(course / "notes.txt", "")
        (course / "README.md").unlink()
        assert course_files.course_files(course) == [p for p in without if p != Path("README.md")]

    def test_no_secret_is_copied(self, course: Path, tmp_path: Path) -> None:
        make_file(course / "src/.env", KEY)
        make_file(course / "deployment/.env.production", KEY)
        course_files.copy_course(course, tmp_path / "copy")
        copied = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
        assert len(copied) == 8
        assert not [path for path in copied if KEY in path.read_text()]

    def test_another_settings_file_is_left_out_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        staging = Path("deployment/staging")
        assert not course_files.is_left_out(staging)
        monkeypatch.setattr(course_files, "ENV_FILE", ROOT / staging)
        assert course_files.is_left_out(staging)

    def test_this_course_is_all_there(self) -> None:
        found = {path.as_posix() for path in course_files.course_files(ROOT)}
        assert {"Makefile", "LICENSE", "requirements.txt", "pyproject.toml"} <= found
        assert {"deployment/langgraph.json", "src/course_helpers/lanes.py"} <= found
        assert {"deployment/engine/Dockerfile", "deployment/docker-compose.yml"} <= found


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


FAKE_DOCKER = """#!/bin/sh
test ! -e no-images || { echo "Error response from daemon: no such image" >&2; exit 1; }
case "$1" in
    save) shift; printf "%s " "$@" ;;
    load) echo "Loaded image: redis:8"; cat "$3" >loaded ;;
esac
"""


@needs_posix
class TestArchives:
    @pytest.fixture(autouse=True)
    def commands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A `docker` that does as if, in an empty current folder."""
        make_file(tmp_path / "bin/docker", FAKE_DOCKER)
        (tmp_path / "bin/docker").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.chdir(tmp_path)

    def test_images_are_saved_and_loaded(self, capsys: pytest.CaptureFixture[str]) -> None:
        archive = Path("images.tar.gz")
        archives.save_images(["redis:8", "task-maistro"], archive)
        assert gzip.decompress(archive.read_bytes()) == b"redis:8 task-maistro "
        archives.load_images(archive)
        assert Path("loaded").read_bytes() == archive.read_bytes()
        assert capsys.readouterr().out == "  Loaded image: redis:8\n"

    def test_dockers_reason_is_told(self) -> None:
        Path("no-images").touch()
        with pytest.raises(BuildError, match=r"could not be saved: .*no such image"):
            archives.save_images(["redis:8"], Path("images.tar.gz"))
        with pytest.raises(BuildError, match=r"images.tar.gz could not be loaded: .*no such image"):
            archives.load_images(Path("images.tar.gz"))

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ("WARNING: Retrying (...) after connection broken by '...'", "no network connection"),
            ("ERROR: [Errno 28] No space left on device", "No space left on device"),
        ],
    )
    def test_pips_reason_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, reason: str
    ) -> None:
        make_file(tmp_path / "bin/python", f'#!/bin/sh\necho "{said}"\nexit 1\n')
        (tmp_path / "bin/python").chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
        with pytest.raises(BuildError, match="packages could not be fetched") as error:
            wheels.fetch_wheels(tmp_path / "wheels")
        assert reason in error.value.what

    def test_packages_are_for_any_release_of_this_python(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        python = f"python_full_version {{}} '3.{sys.version_info.minor}{{}}'"
        pins = ["# pinned", f"old==1 ; {python.format('<', '.5')}"]
        pins += [f"old==2 ; {python.format('>=', '.5')}", f"other==3 ; {python.format('<', '')}"]
        pins += ["all==4", "plan==9 ; sys_platform == 'plan9'", "-e .  # this course"]
        make_file(tmp_path / "requirements.txt", "\n".join(pins))
        make_file(tmp_path / "pyproject.toml", '[build-system]\nrequires = ["setuptools>=77"]\n')
        make_file(tmp_path / "bin/python", '#!/bin/sh\necho "$@" >>calls\n')
        (tmp_path / "bin/python").chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
        monkeypatch.setattr(wheels, "ROOT", tmp_path)
        wheels.fetch_wheels(Path("wheels"))
        calls = [line.split(" wheels ")[1] for line in Path("calls").read_text().splitlines()]
        assert calls == ["setuptools>=77 pip uv old==2 all==4", "old==1"]

    @pytest.mark.parametrize("command", ["exec sleep 60", "trap '' TERM; exec yes"])
    @pytest.mark.timeout(20)
    def test_an_interrupted_command_is_ended(self, command: str) -> None:
        pipe = subprocess.PIPE
        with (
            pytest.raises(KeyboardInterrupt),
            processes.child_process(["sh", "-c", command], pipe, pipe) as child,
        ):
            raise KeyboardInterrupt
        assert child.returncode is not None

    def test_settings_name_the_images_that_came_along(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here: set[str] = {"python:3.13-slim"}
        env_file = tmp_path / ".env"
        env_file.touch()
        monkeypatch.setattr(make, "ENV_FILE", env_file)
        monkeypatch.setattr(make, "load_settings", lambda: load_settings(env_file, {}))
        monkeypatch.setattr(make, "image_sources", lambda name: "" if name in here else None)
        monkeypatch.setattr(make, "load_images", lambda archive: here.update(held.values()))
        held = {"PYTHON_IMAGE": "mine/python:3.13", "REDIS_IMAGE": "mine/redis:8"}
        make_file(tmp_path / "images.env", "".join(f"{k}={v}\n" for k, v in held.items()))
        load_bundled(tmp_path)
        assert here == {"python:3.13-slim", *held.values()}
        assert dotenv_values(env_file) == {"REDIS_IMAGE": "mine/redis:8"}

        monkeypatch.delattr(make, "load_images")  # what is here is not loaded again
        load_bundled(tmp_path)

    def test_a_course_that_is_no_bundle_has_nothing_to_load(self, tmp_path: Path) -> None:
        load_bundled(tmp_path)


# Answers questions as the real Python, and only notes what it would do otherwise.
PYTHON = f"""#!/bin/sh
case "$*" in
    -c*) exec {sys.executable} "$@" ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip --version") test ! -e no-pip ;;
    "-m ensurepip") exit 1 ;;
    "wheels/pip-1.0-py3-none-any.whl/pip install --quiet pip") rm no-pip ;;
    "-m pip install"*) echo "$PIP_NO_INDEX $PIP_FIND_LINKS $*" >>calls ;;
esac
"""


@needs_posix
class TestInstalling:
    @pytest.fixture
    def there(self, tmp_path: Path) -> Path:
        make_file(tmp_path / "python", PYTHON)
        (tmp_path / "python").chmod(0o755)
        (tmp_path / ".ci").mkdir()
        shutil.copy(ROOT / ".ci/venv.sh", tmp_path / ".ci")
        make_file(tmp_path / bundle.MADE_FOR, f"{bundle.made_for()}\n")
        return tmp_path

    def install(
        self, there: Path, requirements: str = "requirements.txt"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", ".ci/venv.sh", requirements],
            cwd=there,
            env={"PATH": "/usr/bin:/bin", "PYTHON": str(there / "python")},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_packages_come_from_the_folder(self, there: Path) -> None:
        done = self.install(there)
        assert done.returncode == 0, done.stderr
        calls = (there / "calls").read_text().splitlines()
        assert calls
        assert all(call.startswith("1 wheels -m pip install") for call in calls)

    def test_pip_too_where_python_has_none(self, there: Path) -> None:
        (there / "no-pip").touch()
        make_file(there / "wheels/pip-1.0-py3-none-any.whl", "")
        done = self.install(there)
        assert done.returncode == 0, done.stderr
        assert not (there / "no-pip").exists()

    def test_the_tests_tools_do_not(self, there: Path) -> None:
        assert self.install(there, "requirements-dev.txt").returncode == 0
        assert (there / "calls").read_text().startswith("  -m pip install")

    @pytest.mark.parametrize("other", ["Plan9 x86_64", "Linux pdp11"])
    def test_another_system_is_one_sentence(self, there: Path, other: str) -> None:
        version = bundle.made_for().partition(", ")[2]
        make_file(there / bundle.MADE_FOR, f"{other}, {version}\n")
        done = self.install(there)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert f"made for {other}, {version}, and here is {bundle.made_for()}" in done.stderr
        assert "make bundle TO=" in done.stderr
        assert not (there / ".venv").exists()

    def test_another_python_is_one_sentence(self, there: Path) -> None:
        make_file(there / bundle.MADE_FOR, "Linux x86_64, Python 3.1\n")
        done = self.install(there)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        seen = f"Python {sys.version.split()[0]} at {there / 'python'}"
        assert f"made for Linux x86_64, Python 3.1, and here is {seen}" in done.stderr
        assert not (there / ".venv").exists()
