"""What the browser tests need from the system: a Chromium or Chrome, and a font to draw with."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
MAC_APPS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
DEBIAN_PACKAGES = ("chromium", "fonts-dejavu-core")  # without a font, pages show no text


def find_browser() -> Path | None:
    """Return a Chromium or Chrome that tests can drive: the system's, or else Playwright's own."""
    commands = [Path(command) for name in NAMES if (command := shutil.which(name))]
    for path in [*commands, *MAC_APPS]:
        if path.exists() and not _is_snap(path):
            return path
    return _playwrights_browser()


def _is_snap(path: Path) -> bool:
    """Return whether a command starts a snap, which cannot read a profile under `/tmp`.

    Ubuntu's `/usr/bin/chromium-browser` is a small script that does.
    """
    if path.resolve().name == "snap" or "snap" in path.resolve().parts:
        return True
    with path.open("rb") as file:
        start = file.read(2000)
    return start.startswith(b"#!") and b"/snap/" in start


def _playwrights_browser() -> Path | None:
    """Return the browser that `playwright install chromium` has fetched, if it has."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def ensure_system_packages() -> str | None:
    """Find a browser; as root on Debian, install one from the machine's apt sources.

    Returns:
        None if there is one now, otherwise a sentence that says what is missing and what to run.
    """
    if find_browser():
        return None
    command = install_command()
    if command[0] == "apt-get" and os.geteuid() == 0:
        print(f"The browser tests need a browser: {' '.join(command)}", flush=True)
        if apt_install(command) and find_browser():
            return None
    return f"there is no Chromium or Chrome: {' '.join(_as_root(command))}"


def install_command() -> list[str]:
    """Return the command that gives this system a browser.

    Debian has one in its packages; Ubuntu's is a snap, so it gets Playwright's, as others do.
    """
    if sys.platform == "linux" and _distribution() == "debian":
        return ["apt-get", "install", "-y", "--no-install-recommends", *DEBIAN_PACKAGES]
    return [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:  # no /etc/os-release
        return ""


def apt_install(command: list[str]) -> bool:
    """Install packages; only if that fails, renew apt's package lists and try again."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (command, ["apt-get", "update"], command):
        done = subprocess.run(step, env=environment, stdin=subprocess.DEVNULL, check=False)
        if step is command and done.returncode == 0:
            return True
    return False


def _as_root(command: list[str]) -> list[str]:
    needs_sudo = command[0] == "apt-get" and os.geteuid() != 0
    return ["sudo", *command] if needs_sudo else command
