"""Which files are the course, and which are only on this computer: settings, keys, work, data."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path, PurePath

from course_helpers.core.processes import run
from course_helpers.core.settings import ENV_FILE, ROOT

# Secrets, data, and what is made anew. Git ignores the same, but a bundle's folder has no git.
LEFT_OUT = (
    *(".env", ".env.*", ".git", ".venv", ".langgraph_api", ".ipynb_checkpoints", "*.egg-info"),
    *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"),
)
LEFT_OUT_AT_THE_TOP = ("build", "work", "wheels", "images")
GIT_TIMEOUT = 30.0  # seconds


def copy_course(root: Path, folder: Path) -> None:
    """Copy a course's files into a new folder, but nobody's settings, keys, work or data."""
    for path in course_files(root):
        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, copy)


def course_files(root: Path) -> list[Path]:
    """Return the paths of a course's files in its folder: what git knows or would add.

    Without git (in a bundle, for instance) it is every file but what is left out anyway.
    """
    found = _ask_git(root) or [path.relative_to(root) for path in root.rglob("*")]
    return sorted(path for path in found if (root / path).is_file() and not is_left_out(path))


def _ask_git(root: Path) -> list[Path]:
    if not (root / ".git").exists():  # the folder may lie in somebody else's repository
        return []
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = run(command, GIT_TIMEOUT, root)
    return [Path(name) for name in answer.out.split("\0") if name and answer.code == 0]


def is_left_out(path: PurePath) -> bool:
    """Return whether a path in the course's folder does not belong in a bundle."""
    if path.parts[0] in LEFT_OUT_AT_THE_TOP or ROOT / path == ENV_FILE:
        return True
    names = [name for name in path.parts if name != ".env.example"]
    return any(fnmatch(name, pattern) for name in names for pattern in LEFT_OUT)
