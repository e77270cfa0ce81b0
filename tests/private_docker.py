"""A Docker engine of the tests' own, for as long as they run: as root, on Debian or Ubuntu.

It has its own folders, and its own process, mount and network namespaces (namespaces(7)), so it
does not meet another engine. With its first process, whatever ends that one, the kernel removes
all its processes, mounts, bridges, ports and firewall rules. A stage enters its network.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path

import psutil

from course_helpers.core.errors import CourseError
from course_helpers.core.processes import run
from tests import docker_network
from tests.system import apt_install

# Program: its package. Before trixie, Debian's docker.io has the docker command too.
PACKAGES = {
    "dockerd": "docker.io",
    "docker": "docker-cli",
    "ip": "iproute2",
    "iptables": "iptables",
}
RUN = Path("/run/task-maistro-tests")  # short: a socket's path has at most 107 characters
SOCKET = f"unix://{RUN}/docker.sock"
# Where Docker's programs look for each other whatever their options; the engine gets empty ones.
SHARED = (Path("/run/containerd"), Path("/run/docker"), Path("/run/runc"))
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
CGROUPS = Path("/sys/fs/cgroup")
TIMEOUT = 60.0  # seconds to start, or to stop
POLICY = "#!/bin/sh\n# The tests of task_maistro are installing Docker.\nexit 101\n"


class PrivateDocker:
    """The engine. `stop` also undoes a `start` that failed or was interrupted midway.

    Attributes:
        data: its images and build cache, which are kept from run to run.
        log: what it says.
    """

    def __init__(self, data: Path, log: Path) -> None:
        self.data = data
        self.log = log
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._forwarding = False
        self._folders: list[Path] = []

    def start(self) -> None:
        """Install what is missing, start the engine, and wait until it answers.

        Raises:
            CourseError: it could not be installed, or did not start.
        """
        install()
        self._lock = wait_for_other_runs()
        self._clean()  # what a killed run may have left behind
        network = docker_network.free_range(run(["ip", "-o", "-4", "route"], TIMEOUT).out)
        self._write_configuration(network)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_ready(self._process)
        if FORWARDING.read_text().strip() == "0":
            self._forwarding = True
            FORWARDING.write_text("1")
        docker_network.connect(self._process.pid, network)

    def prefix(self) -> list[str]:
        """Return what to put before a command so that it reaches the ports of containers."""
        assert self._process is not None
        return docker_network.with_name_servers(docker_network.enter(self._process.pid))

    def _write_configuration(self, network: IPv4Network) -> None:
        RUN.mkdir()
        self._folders = [each for each in SHARED if not each.exists()]
        self.data.mkdir(parents=True, exist_ok=True)
        (RUN / "daemon.json").write_text(json.dumps(configuration(self.data, network)))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + TIMEOUT
        while process.poll() is None and time.monotonic() < deadline:
            if run(["docker", "--host", SOCKET, "version"], TIMEOUT).code == 0:
                self._ready = True
                return
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        said = self.log.read_text(errors="replace").strip().splitlines() or ["it says nothing"]
        raise CourseError(
            f"dockerd did not start: {said[-1]}", f"see {self.log}, or remove {self.data}"
        )

    def stop(self) -> list[str]:
        """Stop the engine and remove what it had outside its data.

        Returns:
            What is left of it in spite of that: processes, interfaces, rules, mounts, files.
        """
        if self._lock is None:
            return []
        left = [f"process {p.pid} ({p.name()})" for p in self._end_processes()]
        if self._forwarding:
            FORWARDING.write_text("0")
        try:
            self._clean()
            left += self._traces()
        except CourseError as error:
            left.append(error.what)
        os.close(self._lock)
        self._lock = None
        return left

    def _end_processes(self) -> list[psutil.Process]:
        """End dockerd and with it its containers; return what had to be killed."""
        if self._process is None or self._process.poll() is not None:
            return []
        unshare = psutil.Process(self._process.pid)
        family = [unshare, *unshare.children(recursive=True)]
        if self._ready:
            for dockerd in unshare.children():
                dockerd.terminate()
        else:  # it does not listen yet, and has nothing to tidy up
            unshare.kill()
        survivors = psutil.wait_procs(family, timeout=TIMEOUT)[1]
        for survivor in survivors:
            survivor.kill()
        psutil.wait_procs(survivors, timeout=TIMEOUT)
        return survivors

    def _clean(self) -> None:
        docker_network.disconnect()
        shutil.rmtree(RUN, ignore_errors=True)
        for folder in [*cgroups(), *self._folders]:
            with suppress(OSError):  # somebody else uses it by now
                folder.rmdir()

    def _traces(self) -> list[str]:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        ours = [each for each in mounts if each.startswith((f"{self.data}/", f"{RUN}/"))]
        return [
            *docker_network.traces(),
            *(f"mount {each}" for each in ours),
            *(f"folder {each}" for each in [RUN, *cgroups()] if each.exists()),
        ]


def configuration(data: Path, network: IPv4Network) -> dict[str, object]:
    """Return the engine's daemon.json (dockerd(8)); the machine's own is not read."""
    bridge, pools = f"{network[256 + 1]}/24", list(network.subnets())[1]
    return {
        "hosts": [SOCKET],
        "data-root": str(data),
        "exec-root": str(RUN / "exec"),
        "pidfile": str(RUN / "docker.pid"),
        "bip": bridge,
        "default-address-pools": [{"base": str(pools), "size": 24}],
        "cgroup-parent": f"/{docker_network.TAG}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],  # systemd's knows no process namespaces
    }


def command() -> list[str]:
    """Return the command of dockerd in namespaces of its own, which ends when this process does."""
    hide = "for each in $0; do mkdir -p $each && mount -t tmpfs tmpfs $each || exit; done"
    script = f'{hide}; ip link set lo up && exec dockerd "$@"'
    shared = " ".join(map(str, SHARED))
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("sh", "-c", script, shared, "--config-file", str(RUN / "daemon.json")),
    ]


def install() -> None:
    """Install what is missing from the machine's apt sources.

    Raises:
        CourseError: a package could not be installed.
    """
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            line = ["apt-get", "install", "-y", "--no-install-recommends", package]
            print(f"The Docker tests need {program}: {' '.join(line)}", flush=True)
            with no_service_starts():
                if not apt_install(line):
                    raise CourseError(f"{package} could not be installed", f"sudo {' '.join(line)}")


@contextmanager
def no_service_starts(policy: Path = Path("/usr/sbin/policy-rc.d")) -> Iterator[None]:
    """Keep packages from starting their services as they are installed (invoke-rc.d(8))."""
    ours = not policy.exists() or policy.read_text() == POLICY
    if ours:
        policy.write_text(POLICY)
        policy.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            policy.unlink()


def wait_for_other_runs() -> int:
    """Take a lock that only one run on this machine has at a time; return its descriptor.

    The kernel frees it however a run ends.
    """
    lock = os.open("/run", os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another run of these tests to end: one has the engine at a time.")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def cgroups() -> list[Path]:
    """Return the control groups of the engine's containers, the innermost first."""
    tops = [*CGROUPS.glob(docker_network.TAG), *CGROUPS.glob(f"*/{docker_network.TAG}")]
    return [group for top in tops for group in sorted(top.glob("**/"), reverse=True)]
