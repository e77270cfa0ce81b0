"""The tests' own engine: the addresses and the folders that it takes, without starting it."""

from __future__ import annotations

import os
from contextlib import nullcontext
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from course_helpers.core.errors import CourseError
from tests import docker_network


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
