"""Docker's plugins, fetched from the system's packages: what is chosen, from fixed answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from course_helpers.core.errors import CourseError
from tests import docker_plugins
from tests.unit.harness.systems import BOOKWORM, FEDORA, FORKY, MINT, RASPBIAN, TRIXIE, UBUNTU

posix = pytest.mark.skipif(os.name != "posix", reason="the fake programs are shell scripts")


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
    """`apt-get` and `dpkg-deb` are scripts that record their calls."""

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
