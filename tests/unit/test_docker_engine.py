"""The engine that the Docker tests use: what is decided and compared, without any Docker."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from course_helpers.commands import MISSING, Answer
from course_helpers.errors import CourseError
from tests import docker_engine, docker_network, docker_plugins, run
from tests.docker_engine import DockerEngine

posix = pytest.mark.skipif(os.name != "posix", reason="the fake programs are shell scripts")

BOOKWORM = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}
TRIXIE = {"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"}
FORKY = {"ID": "debian", "VERSION_CODENAME": "forky"}  # testing has no number
RASPBIAN = {**BOOKWORM, "ID": "raspbian", "ID_LIKE": "debian"}
UBUNTU = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04", "VERSION_CODENAME": "noble"}
MINT = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22"}
FEDORA = {"ID": "fedora", "VERSION_ID": "44"}

DEB822 = """Types: deb
# the archive
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://elsewhere.example/
Suites: cloud-bookworm
Components: main
"""
ONE_LINE = """# deb http://archive.example/debian bookworm main
deb [arch=amd64 signed-by=/a.gpg] http://archive.example/debian bookworm main contrib
deb\thttp://other.example/debian\tbookworm\tmain
deb-src http://archive.example/debian bookworm main
deb http://archive.example/debian bookworm-updates main
deb http://elsewhere.example/ cloud-bookworm main
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a shell script on the path, before the system's programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


class TestPlugins:
    @pytest.mark.parametrize(
        ("system", "family", "older"),
        [
            (BOOKWORM, "debian", "bookworm"),
            (RASPBIAN, "debian", "bookworm"),
            (TRIXIE, "debian", ""),
            (FORKY, "debian", ""),
            (UBUNTU, "ubuntu", ""),
            (MINT, "ubuntu", ""),
            (FEDORA, "", ""),
            ({}, "", ""),
        ],
    )
    def test_the_system_decides_whose_packages(
        self, system: dict[str, str], family: str, older: str
    ) -> None:
        assert docker_plugins.family(system) == family
        assert docker_plugins.older_codename(system) == older

    def test_ubuntu_has_another_name_for_compose(self) -> None:
        assert docker_plugins.packages(UBUNTU) == ("docker-compose-v2", "docker-buildx")
        assert docker_plugins.packages(BOOKWORM) == ("docker-compose", "docker-buildx")

    def test_deb822_source_becomes_trixie(self) -> None:
        assert docker_plugins.trixie_source(DEB822, "bookworm") == (
            "Types: deb\n# the archive\nURIs: http://archive.example/debian\nSuites: trixie\n"
            "Components: main\nSigned-By: /usr/share/keyrings/archive.gpg"
        )

    def test_one_line_source_becomes_trixie(self) -> None:
        assert docker_plugins.trixie_source(ONE_LINE, "bookworm").splitlines() == [
            "deb [arch=amd64 signed-by=/a.gpg] http://archive.example/debian trixie main contrib",
            "deb\thttp://other.example/debian\ttrixie\tmain",
        ]

    def test_the_suite_may_be_the_last_of_several(self) -> None:
        text = "Types: deb\nSuites: bookworm-updates bookworm\nComponents: main\n"
        assert "Suites: trixie\nComponents" in docker_plugins.trixie_source(text, "bookworm")

    def test_a_source_without_the_suite_gives_nothing(self) -> None:
        assert docker_plugins.trixie_source(DEB822 + ONE_LINE, "bullseye") == ""


@posix
class TestFetchingPlugins:
    """`apt-get` and `dpkg-deb` are scripts that note how they are called."""

    @pytest.fixture(autouse=True)
    def system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "apt/sources.list.d").mkdir(parents=True)
        (tmp_path / "apt/sources.list").write_text(ONE_LINE)
        (tmp_path / "apt/sources.list.d/debian.sources").write_text(DEB822)
        monkeypatch.setattr(docker_plugins, "APT", tmp_path / "apt")
        monkeypatch.setattr(docker_plugins, "os_release", lambda: BOOKWORM)

    def test_an_older_debian_asks_trixie_and_leaves_its_own_alone(
        self, tmp_path: Path, program: Callable[[str, str], None]
    ) -> None:
        program(
            "apt-get",
            f"""echo "$*" >>{tmp_path}/calls
            for each; do case $each in *sourceparts=*) cat ${{each#*=}}/* >{tmp_path}/seen;; esac; done
            case "$*" in *download*) touch both.deb;; esac""",
        )
        program(
            "dpkg-deb",
            """folder=$3/usr/libexec/docker/cli-plugins; mkdir -p "$folder" && cd "$folder" &&
            touch docker-compose docker-buildx""",
        )
        docker_plugins.fetch(tmp_path / "plugins")
        found = sorted(each.name for each in (tmp_path / "plugins").iterdir())
        assert found == ["docker-buildx", "docker-compose"]
        calls = (tmp_path / "calls").read_text()
        assert calls.count("Dir::State::lists=") == calls.count("sourcelist=/dev/null") == 2
        assert calls.endswith("download docker-compose docker-buildx\n")
        assert (tmp_path / "seen").read_text().count("trixie") == 3

    def test_what_apt_says_is_in_the_sentence(
        self, tmp_path: Path, program: Callable[[str, str], None]
    ) -> None:
        program("apt-get", "echo 'E: Unable to locate package docker-buildx' >&2; exit 100")
        with pytest.raises(CourseError, match="could not be had: E: Unable to locate package"):
            docker_plugins.fetch(tmp_path / "plugins")
        assert not (tmp_path / "plugins").exists()


class TestNetwork:
    @pytest.mark.parametrize(
        ("routes", "network"),
        [
            ("default via 192.0.2.1 dev eth0 \n192.0.2.0/24 dev eth0 scope link", "10.211.0.0/16"),
            ("10.211.128.0/24 dev br-1\n10.212.0.7 dev tun0", "10.213.0.0/16"),
            ("unreachable 10.208.0.0/12", None),
            ("10.0.0.0/8 via 192.0.2.9 dev vpn", None),
            ("0.0.0.0/1 via 192.0.2.9 dev vpn", "10.211.0.0/16"),
        ],
    )
    def test_addresses_are_taken_that_nothing_uses(self, routes: str, network: str | None) -> None:
        if network:
            assert docker_network.free_range(routes) == IPv4Network(network)
        else:
            with pytest.raises(CourseError, match="no free addresses"):
                docker_network.free_range(routes)

    def test_only_ours_are_traces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rule = "-A FORWARD -i tmtest0 -m comment --comment task-maistro-tests -j ACCEPT"
        said = {
            "ip": "1: lo: <LOOPBACK>\n7: tmtest0@if2: <BROADCAST>\n8: docker0: <BROADCAST>\n",
            "iptables": f"-P FORWARD DROP\n-A FORWARD -o docker0 -j DOCKER\n{rule}\n",
        }
        monkeypatch.setattr(docker_network, "_run", lambda *command: said[command[0]])
        assert docker_network.traces() == [
            "network interface tmtest0",
            f"firewall rule in filter: {rule}",
            f"firewall rule in nat: {rule}",
        ]

    def test_name_servers_are_replaced_only_if_they_cannot_be_reached(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upstream, used = tmp_path / "upstream", tmp_path / "used"
        monkeypatch.setattr(docker_network, "RESOLVERS", upstream)
        monkeypatch.setattr(docker_network, "RESOLV_CONF", used)
        used.write_text("nameserver 127.0.0.53\n")
        assert docker_network.with_name_servers(["enter"]) == ["enter"]
        upstream.write_text("nameserver 192.0.2.1\n")
        assert f"mount --bind {upstream} {used}" in docker_network.with_name_servers(["x"])[-2]
        used.write_text("nameserver 192.0.2.1\n")
        assert docker_network.with_name_servers(["enter"]) == ["enter"]


class TestPrivateDocker:
    """Imported in the tests: the module is for Linux alone."""

    def test_addresses_and_folders_are_its_own(self, tmp_path: Path) -> None:
        private_docker = pytest.importorskip("tests.private_docker", exc_type=ImportError)
        network = IPv4Network("10.213.0.0/16")
        settings = private_docker.configuration(tmp_path, network)
        pool = IPv4Network(settings["default-address-pools"][0]["base"])
        bridge = IPv4Network(settings["bip"], strict=False)
        cable = IPv4Network((network[0], 30))
        assert all(each.subnet_of(network) for each in (pool, bridge, cable))
        assert not pool.overlaps(bridge)
        assert not cable.overlaps(bridge)
        assert settings["data-root"] == str(tmp_path)
        assert len(private_docker.SOCKET.removeprefix("unix://")) <= 107

    def test_installing_starts_no_service(self, tmp_path: Path) -> None:
        private_docker = pytest.importorskip("tests.private_docker", exc_type=ImportError)
        policy = tmp_path / "policy-rc.d"
        for _ in ("there is none", "one of ours is left"):
            with private_docker.no_service_starts(policy):
                assert os.access(policy, os.X_OK)
                assert "exit 101" in policy.read_text()
            assert not policy.exists()
            policy.write_text(private_docker.POLICY)

    def test_a_policy_of_the_machine_is_kept(self, tmp_path: Path) -> None:
        private_docker = pytest.importorskip("tests.private_docker", exc_type=ImportError)
        policy = tmp_path / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 0\n")
        with private_docker.no_service_starts(policy):
            pass
        assert policy.read_text() == "#!/bin/sh\nexit 0\n"

    def test_only_what_is_missing_is_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        private_docker = pytest.importorskip("tests.private_docker", exc_type=ImportError)
        installed: list[str] = []

        def install(line: list[str]) -> bool:
            installed.append(line[-1])
            return True

        monkeypatch.setattr(private_docker.shutil, "which", lambda name: name != "ip" or None)
        monkeypatch.setattr(private_docker, "no_service_starts", nullcontext)
        monkeypatch.setattr(private_docker, "apt_install", install)
        private_docker.install()
        assert installed == ["iproute2"]


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

        monkeypatch.setattr(docker_engine, "ask", no_docker)
        monkeypatch.setattr(docker_engine, "may_have_its_own", lambda *_: False)
        engine = DockerEngine()
        sentence = engine.start()
        assert sentence
        assert sentence.startswith("docker is not installed (fix: install Docker")
        assert "as root on Debian or Ubuntu" in sentence
        assert engine.start() == sentence
        assert asked == ["version", "version"]
        assert engine.close() is None

    def test_the_cache_is_where_the_user_wants_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert docker_engine.cache_folder() == tmp_path.resolve() / "task-maistro-tests"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert docker_engine.cache_folder().parts[-2:] == (".cache", "task-maistro-tests")


# Answers as an engine that runs and has its plugins; what it holds is in the files beside it.
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
        for name in ("DOCKER_HOST", "CI"):
            monkeypatch.delenv(name, raising=False)

    @posix
    @pytest.mark.parametrize(("docker", "seen"), [(True, "unix:///engine engine"), (False, " ")])
    def test_the_engine_is_for_stages_that_want_it(self, docker: bool, seen: str) -> None:
        check = ("sh", "-c", f'test "$DOCKER_HOST $NETWORK" = "{seen}"', "sh")
        assert run.run_stage(run.Stage("docker", "open", check, docker=docker)).failed == 0
        wrong = ("sh", "-c", 'test "$DOCKER_HOST" = elsewhere', "sh")
        assert run.run_stage(run.Stage("docker", "open", wrong, docker=docker)).failed == 1

    @pytest.mark.parametrize(("ci", "failed"), [("true", 1), ("", 0)])
    def test_a_missing_engine_fails_only_in_ci(
        self, monkeypatch: pytest.MonkeyPatch, ci: str, failed: int
    ) -> None:
        monkeypatch.setenv("CI", ci)
        monkeypatch.setattr(run, "ENGINE", FakeEngine(missing="no engine (fix: start it)"))
        result = run.run_stage(run.Stage("docker", "open", ("false",), docker=True))
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
