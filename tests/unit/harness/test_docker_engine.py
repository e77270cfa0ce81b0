"""The engine of the Docker tests: its decisions and comparisons, without any Docker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from course_helpers.core.processes import MISSING, Answer
from tests import docker_engine, run
from tests.docker_engine import DockerEngine
from tests.stages import FIRST, LAST, MAIN, STAGES, Stage
from tests.unit.harness.systems import BOOKWORM, FEDORA, UBUNTU

posix = pytest.mark.skipif(os.name != "posix", reason="the fake programs are shell scripts")


class TestChoosing:
    @pytest.mark.parametrize(
        ("platform", "user", "system", "may"),
        [
            ("linux", 0, BOOKWORM, True),
            ("linux", 0, UBUNTU, True),
            ("linux", 0, FEDORA, False),
            ("linux", 1000, BOOKWORM, False),
            ("darwin", 0, {}, False),
            ("win32", 0, {}, False),
        ],
    )
    def test_only_root_on_debian_or_ubuntu_gets_an_engine(
        self,
        monkeypatch: pytest.MonkeyPatch,
        platform: str,
        user: int,
        system: dict[str, str],
        may: bool,
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
        assert docker_engine.may_have_its_own(platform, system) is may

    def test_where_nothing_can_be_done_a_sentence_says_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def no_docker(command: list[str], *_: object, **__: object) -> Answer:
            asked.append(command[1])
            return Answer(MISSING, err="docker: command not found")

        monkeypatch.setattr(docker_engine, "run", no_docker)
        monkeypatch.setattr(docker_engine, "may_have_its_own", lambda *_: False)
        monkeypatch.setenv("PATH", "")
        engine = DockerEngine()
        sentence = engine.start()
        assert sentence
        assert sentence.startswith("docker is not installed (fix: install Docker")
        assert "as root on Debian or Ubuntu" in sentence
        assert engine.start() == sentence
        assert asked == ["version"]
        assert engine.close() is None

    def test_the_cache_is_where_the_user_wants_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert docker_engine.cache_folder() == tmp_path.resolve() / "task-maistro-tests"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert docker_engine.cache_folder().parts[-2:] == (".cache", "task-maistro-tests")


# Answers like an engine that runs and has its plugins; its contents are in the files beside it.
DOCKER = """cd {folder}
case "$1 $2" in
    "version "*) test -e stopped && {{ echo "Cannot connect" >&2; exit 1; }}; echo 28.0.0 ;;
    "compose version") echo 2.40.0 ;;
    "buildx version") echo "github.com/docker/buildx v0.20.0" ;;
    "ps "*) test -e stopped && {{ echo "Cannot connect" >&2; exit 1; }}; cat container ;;
    "network ls") cat network ;;
    "volume ls") cat volume ;;
    *) echo "$*" >>changes ;;
esac"""


class TestLeftovers:
    @pytest.mark.parametrize(
        ("labels", "ours"),
        [
            ("com.docker.compose.project=task-maistro-test", True),
            ("a=b,com.docker.compose.project=task-maistro-test-7,c=d", True),
            ("task-maistro.test=1", True),
            ("x=y,task-maistro.test=", True),
            ("com.docker.compose.project=task-maistro", False),
            ("com.docker.compose.project=mine,note=task-maistro.test", False),
            ("", False),
        ],
    )
    def test_labels_tell_what_is_ours(self, labels: str, ours: bool) -> None:
        assert docker_engine.is_ours(labels) is ours

    def test_in_a_private_engine_all_is_ours_but_its_own_networks(self) -> None:
        listing = "bridge\t\nhost\t\nnone\t\nstray\t\nlabelled\ta=b\n"
        found = docker_engine.entries("network", listing, lambda labels: True)
        assert found == {"network stray", "network labelled"}

    @pytest.fixture
    def engine(self, tmp_path: Path, program: Callable[[str, str], None]) -> DockerEngine:
        """An engine of somebody else's, which already holds something of the tests."""
        (tmp_path / "container").write_text("web\t\nold\ttask-maistro.test=1\n")
        (tmp_path / "network").write_text("bridge\t\nmine\t\n")
        (tmp_path / "volume").write_text("data\t\n")
        program("docker", DOCKER.format(folder=tmp_path))
        engine = DockerEngine()
        assert engine.start() is None
        assert (engine.environ, engine.prefix) == ({}, [])
        return engine

    @posix
    def test_only_what_is_new_and_ours_counts(self, engine: DockerEngine, tmp_path: Path) -> None:
        (tmp_path / "container").write_text("web\t\nold\ttask-maistro.test=1\nother\t\n")
        assert engine.close() == []
        (tmp_path / "volume").write_text("data\t\nx\tcom.docker.compose.project=task-maistro-test")
        assert engine.close() == ["volume x"]

    @posix
    def test_nothing_is_changed_in_somebody_elses_engine(
        self, engine: DockerEngine, tmp_path: Path
    ) -> None:
        (tmp_path / "container").write_text("new\ttask-maistro.test=1\n")
        assert engine.close() == ["container new"]
        assert not (tmp_path / "changes").exists()

    @posix
    def test_an_engine_that_is_gone_is_not_clean(
        self, engine: DockerEngine, tmp_path: Path
    ) -> None:
        (tmp_path / "stopped").touch()
        assert engine.close() == ["docker ps: Cannot connect"]


class FakeEngine:
    """What a stage sees of the engine."""

    environ = {"DOCKER_HOST": "unix:///engine"}  # noqa: RUF012
    prefix = ["env", "NETWORK=engine"]  # noqa: RUF012

    def __init__(self, left: list[str] | None = None, missing: str | None = None) -> None:
        self.start = lambda: missing
        self.close = lambda: left


class TestStages:
    @pytest.fixture(autouse=True)
    def _apart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run, "BUILD", tmp_path)
        monkeypatch.setattr(run.signal, "signal", lambda *_: None)
        monkeypatch.setattr(run, "ENGINE", FakeEngine())
        monkeypatch.setattr(run, "_make_images", lambda: None)
        for name in ("DOCKER_HOST", "CI"):
            monkeypatch.delenv(name, raising=False)

    @posix
    @pytest.mark.parametrize(("docker", "seen"), [(True, "unix:///engine engine"), (False, " ")])
    def test_the_engine_is_for_stages_that_want_it(self, docker: bool, seen: str) -> None:
        check = ("sh", "-c", f'test "$DOCKER_HOST $NETWORK" = "{seen}"', "sh")
        assert run.run_stage(Stage("docker", "open", check, docker=docker)).failed == 0
        wrong = ("sh", "-c", 'test "$DOCKER_HOST" = elsewhere', "sh")
        assert run.run_stage(Stage("docker", "open", wrong, docker=docker)).failed == 1

    @pytest.mark.parametrize(("ci", "failed"), [("true", 1), ("", 0)])
    def test_a_missing_engine_fails_only_in_ci(
        self, monkeypatch: pytest.MonkeyPatch, ci: str, failed: int
    ) -> None:
        monkeypatch.setenv("CI", ci)
        monkeypatch.setattr(run, "ENGINE", FakeEngine(missing="no engine (fix: start it)"))
        result = run.run_stage(Stage("docker", "open", ("false",), docker=True))
        assert (result.failed, result.passed) == (failed, 0)
        assert result.note == "could not run: no engine (fix: start it)"

    @pytest.mark.parametrize(
        ("left", "counts"), [([], (1, 0)), (["container a", "volume b"], (0, 2))]
    )
    def test_what_is_left_behind_is_a_failure(
        self, monkeypatch: pytest.MonkeyPatch, left: list[str], counts: tuple[int, int]
    ) -> None:
        monkeypatch.setattr(run, "ENGINE", FakeEngine(left))
        (result,) = run.leave_engine()
        assert (result.passed, result.failed) == counts
        assert all(each in run.summary([result]) for each in left)

    def test_a_run_without_docker_has_nothing_to_tidy(self) -> None:
        assert run.leave_engine() == []

    @posix
    @pytest.mark.parametrize(
        "one",
        [
            partial(Stage, "server", "embedded", track="embedded"),
            partial(Stage, "lessons", "open", docker=True, track="lessons"),
        ],
    )
    def test_stages_with_a_deployment_of_their_own_run_beside_the_others(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        one: Callable[..., Stage],
    ) -> None:
        met = f"until test -e {tmp_path}/$0; do sleep 0.01; done"
        first = ("sh", "-c", f"echo one; touch {tmp_path}/1; {met}", "2")  # each waits for
        second = ("sh", "-c", f"touch {tmp_path}/2; {met}", "1")  # the other one
        stages = one(command=first), Stage("docker", "open", second, docker=True)
        monkeypatch.setattr(run, "STAGES", stages)
        results = run.run_all()
        assert [result.stage for result in results] == [*stages]
        assert f"=== {stages[0].name} ===\none\n" in capfd.readouterr().out

    def test_those_that_run_at_the_same_time_have_settings_of_their_own(self) -> None:
        tracks = {stage.track for stage in STAGES if stage.docker}
        assert len({stage.settings for stage in STAGES if stage.docker}) == len(tracks) > 2
        assert len({stage.settings for stage in STAGES if not stage.docker}) == 1

    @posix
    def test_what_measures_time_has_the_machine_to_itself(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        note = ("sh", "-c", f"echo $0 >>{tmp_path}/said; sleep 0.1; echo $0 >>{tmp_path}/said")
        tracks = {"unit": FIRST, "docker": MAIN, "server": "embedded", "panels": LAST}
        stages = [Stage(name, "open", (*note, name), track=track) for name, track in tracks.items()]
        monkeypatch.setattr(run, "STAGES", stages)
        run.run_all()
        said = (tmp_path / "said").read_text().split()
        assert (said[:2], said[-2:]) == (["unit"] * 2, ["panels"] * 2)

    @posix
    def test_ctrl_c_stops_both(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*_: object) -> run.Result:
            while not run._running:
                time.sleep(0.01)
            raise KeyboardInterrupt

        never = ("sh", "-c", "exec sleep 60", "sh")
        one = Stage("server", "embedded", never, track="embedded")
        two = Stage("browser", "embedded", never, track="embedded")
        monkeypatch.setattr(run, "STAGES", (one, two, Stage("docker", "open", (), docker=True)))
        real = run.run_stage
        monkeypatch.setattr(
            run, "run_stage", lambda s, out=None: interrupted() if s.docker else real(s, out)
        )
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run.run_all()
        assert time.monotonic() - begun < 10
        assert not run._running
        assert not (tmp_path / "browser.log").exists()
