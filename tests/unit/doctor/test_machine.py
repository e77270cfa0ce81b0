"""The doctor's checks of the machine in both directions; each fix names a command."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path

import pytest

from course_helpers.doctor import machine
from tests.unit.shared import failure


def test_python_must_be_one_that_the_packages_are_made_for() -> None:
    assert machine.python_version() == ".".join(map(str, sys.version_info[:3]))
    assert machine.python_version((3, 14, 9)) == "3.14.9"
    assert "3.10.4; the course needs" in failure(lambda: machine.python_version((3, 10, 4)))
    assert "3.15.0; the course needs" in failure(lambda: machine.python_version((3, 15, 0)))


def test_packages_are_compared_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    here = f"packaging=={metadata.version('packaging')}  # note"
    lock.write_text(f"# by uv\n{here}\nnone==1 ; sys_platform == 'moon'\n-e .  # the course\n")
    assert machine.packages(lock) == "all 1 are as locked"
    lock.write_text(f"{here}\nhttpx==0.0.1\nnever-heard-of==1\na==1\nb==1\n")
    what = failure(lambda: machine.packages(lock))
    assert f"httpx {metadata.version('httpx')} (locked ==0.0.1), never-heard-of is missing" in what
    assert what.endswith("and 1 more")


def test_notebooks_must_run_in_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for program in ("python", str(Path(sys.executable).with_name("python3.99"))):
        spec.write_text(json.dumps({"argv": [program], "display_name": "", "language": "python"}))
        assert machine.kernel() == "notebooks run in this Python"
    other = str(tmp_path / "bin" / "python")
    spec.write_text(json.dumps({"argv": [other], "display_name": "", "language": "python"}))
    assert failure(machine.kernel) == f"notebooks would run in {other}"


def test_jupyterlab_must_have_the_widgets_extension(tmp_path: Path) -> None:
    assert "has the extension" in machine.lab_extension()
    assert "they stay empty" in failure(lambda: machine.lab_extension([str(tmp_path)]))


def test_room_and_memory() -> None:
    assert machine.disk(needed=0).endswith("GiB free")
    assert "1e+06 are needed" in failure(lambda: machine.disk(needed=10**6))
    assert machine.memory(needed=0).endswith("GiB")
    assert "1e+06 are needed" in failure(lambda: machine.memory(needed=10**6))


def test_the_processor() -> None:
    for name in ("x86_64", "AMD64", "arm64", "aarch64"):
        assert machine.architecture(name, 2**63 - 1) == name
    assert "no images" in failure(lambda: machine.architecture("riscv64", 2**63 - 1))
    assert "32 bits" in failure(lambda: machine.architecture("x86_64", 2**31 - 1))


def test_windows_subsystem_for_linux(tmp_path: Path) -> None:
    version, home, windows = tmp_path / "version", Path("/home/ann"), Path("/mnt/c/course")
    assert machine.wsl(version) == "not in use"
    version.write_text("Linux version 6.1.0 (Debian)")
    assert machine.wsl(version, windows) == "not in use"
    version.write_text("Linux version 5.15.90.1-microsoft-standard-WSL2")
    assert machine.wsl(version, home) == "version 2"
    assert machine.system(version) == "Windows (WSL)"
    assert "Windows disk" in failure(lambda: machine.wsl(version, windows))
    version.write_text("Linux version 4.4.0-19041-Microsoft")
    assert "version 1" in failure(lambda: machine.wsl(version, home))
