"""The way out for the tests' private Docker engine, which has a network namespace of its own.

Docker manages bridges and a firewall as if the machine were its own, and a second engine that
starts empties the first one's firewall chains. In a namespace it can disturb nobody, the kernel
removes all of it, and no port that tests publish can be taken. The machine itself gets only one
end of a cable (a veth pair) and three firewall rules, tagged so that they can be told from others.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

from course_helpers.core.errors import CourseError

TAG = "task-maistro-tests"
LINK = "tmtest0"
RANGES = tuple(IPv4Network(f"10.{second}.0.0/16") for second in range(211, 220))
RESOLVERS = Path("/run/systemd/resolve/resolv.conf")
RESOLV_CONF = Path("/etc/resolv.conf")


def free_range(routes: str) -> IPv4Network:
    """Return the first range of ours that no route of `ip -o -4 route` touches.

    Raises:
        CourseError: all are taken.
    """
    found = re.findall(r"^(?:[a-z]+ )?(\d+\.[\d./]+)", routes, re.MULTILINE)
    taken = [IPv4Network(text) for text in found]
    # Like the default route, a VPN's two halves of all addresses (0.0.0.0/1) do not count.
    taken = [network for network in taken if network.prefixlen >= 8]
    for network in RANGES:
        if not any(network.overlaps(other) for other in taken):
            return network
    raise CourseError(f"no free addresses from {RANGES[0]} to {RANGES[-1]}", "leave the VPN")


def connect(namespace: int, network: IPv4Network) -> None:
    """Give a namespace a way out: a cable to this machine, which translates its addresses.

    Args:
        namespace: the number of a process in it.
        network: its addresses; the first two become those of the cable's ends.

    Raises:
        CourseError: this kernel or container does not allow it.
    """
    here, there = f"{network[1]}/30", f"{network[2]}/30"
    _run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", str(namespace))
    _run("ip", "address", "add", here, "dev", LINK)
    _run("ip", "link", "set", LINK, "up")
    inside = enter(namespace)
    _run(*inside, "ip", "address", "add", there, "dev", "eth0")
    _run(*inside, "ip", "link", "set", "eth0", "up")
    _run(*inside, "ip", "route", "add", "default", "via", str(network[1]))
    answers = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")
    _iptables("filter", "-I", "FORWARD", "-i", LINK, "-j", "ACCEPT")
    _iptables("filter", "-I", "FORWARD", "-o", LINK, *answers, "-j", "ACCEPT")
    _iptables("nat", "-A", "POSTROUTING", "-s", there, "!", "-o", LINK, "-j", "MASQUERADE")


def enter(namespace: int) -> list[str]:
    """Return what to put before a command so that it runs in the namespace of a process."""
    return ["nsenter", "--target", str(namespace), "--net", "--"]


def with_name_servers(command: list[str]) -> list[str]:
    """Return a command in the namespace changed to ask the name servers outside directly.

    systemd-resolved, which would ask them, listens on the loopback, and a namespace has its own.
    """
    if not RESOLVERS.exists() or "127.0.0.53" not in RESOLV_CONF.read_text(encoding="utf-8"):
        return command
    script = f'mount --bind {RESOLVERS} {RESOLV_CONF} && exec "$@"'
    return [*command, "unshare", "--mount", "sh", "-c", script, "sh"]


def disconnect() -> None:
    """Remove the cable and the rules; `traces` tells whether it worked."""
    for table, rule in _rules():
        delete = ["iptables", "-w", "-t", table, "-D", *shlex.split(rule)[1:]]
        subprocess.run(delete, capture_output=True, check=False)
    # The cable goes with the last process in the namespace, perhaps before this.
    subprocess.run(["ip", "link", "del", LINK], capture_output=True, check=False)


def traces() -> list[str]:
    """Return what `connect` has left on this machine."""
    links = re.findall(rf"^\d+: ({LINK})[@:]", _run("ip", "-o", "link"), re.MULTILINE)
    rules = [f"firewall rule in {table}: {rule}" for table, rule in _rules()]
    return [f"network interface {link}" for link in links] + rules


def _rules() -> list[tuple[str, str]]:
    """Return our firewall rules, each with its table."""
    tables = [(table, _run("iptables", "-w", "-t", table, "-S")) for table in ("filter", "nat")]
    return [(table, rule) for table, text in tables for rule in text.splitlines() if TAG in rule]


def _iptables(table: str, *rule: str) -> None:
    _run("iptables", "-w", "-t", table, *rule, "-m", "comment", "--comment", TAG)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"{shlex.join(command)}: {done.stderr.strip()}"
        raise CourseError(said, "start a Docker engine yourself")
    return done.stdout
