"""Checks of the files around a graph: dependencies, settings, and what stays out of its image.

Each check returns what it found, or raises a `CourseError` with the fix.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from course_helpers.core.errors import CourseError

PRIVATE = (".env", ".langgraph_api")  # keys, and the threads and memories of `langgraph dev`
INSTALLABLE = ("pyproject.toml", "setup.py", "requirements.txt")
_UPPER = {"==", "===", "~=", "<", "<="}
_AFTER_REQUIREMENT = re.compile(r"\s#.*|\s--.*|\\$")  # a comment, options, a continuation


def dependency(folder: Path, name: str) -> str:
    """Check an entry of `dependencies`: a folder that can be installed, or a package."""
    if not name.startswith("."):
        found = _requirement(name, "langgraph.json")
        return "a package" + ("" if _is_bounded(found) else ", without an upper bound")
    path = folder / name
    if not path.is_dir():
        fix = f"edit langgraph.json: correct the name, or: mkdir {path}"
        raise CourseError(f"there is no folder {name}", fix)
    found_files = [each for each in INSTALLABLE if (path / each).is_file()]
    if not found_files:
        fix = f"pip freeze > {path / 'requirements.txt'}, then keep what the graph imports"
        raise CourseError(f"it has none of {', '.join(INSTALLABLE)}: nothing is installed", fix)
    return f"a folder with {found_files[0]}"


def requirements(file: Path) -> str:
    """Check that every line is a requirement, and name those without an upper bound."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text = _AFTER_REQUIREMENT.sub("", line).strip()
        if text and text[0] not in "#-.":  # an option, or a local folder
            found.append(_requirement(text, f"{file.name}, line {number}"))
    loose = [each.name for each in found if not _is_bounded(each)]
    if loose:
        return f"{len(found)} packages, without an upper bound: {', '.join(loose)}"
    return f"{len(found)} packages, each with an upper bound"


def _requirement(text: str, where: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement:
        fix = f"edit {where}, for instance: langchain>=1.4,<2"
        raise CourseError(f"{where}: {text!r} is not a requirement", fix) from None


def _is_bounded(requirement: Requirement) -> bool:
    operators = {specifier.operator for specifier in requirement.specifier}
    return bool(requirement.url or operators & _UPPER)


def settings_file(folder: Path, env: str | dict[str, Any]) -> str:
    """Check the entry `env`: a file that exists, or the variables themselves."""
    if isinstance(env, dict):
        return f"none is named; {len(env)} variables in langgraph.json"
    path = folder / env
    if path.is_file():
        return f"{env} is there"
    example = path.with_name(f"{path.name}.example")
    fix = f"cp {example} {path}" if example.is_file() else f"touch {path}"
    raise CourseError(f"{env} is not there", fix)


def dockerignore(path: Path) -> str:
    """Check that keys and the learner's data stay out of the image."""
    patterns = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = [name for name in PRIVATE if not _is_ignored(name, patterns)]
    if not kept:
        return f"keeps {' and '.join(PRIVATE)} out of the image"
    what = f"does not name {' and '.join(kept)}" if path.is_file() else "is not there"
    lines = "\\n".join(["", *kept, ""])
    raise CourseError(f"it {what}: they would be in the image", f"printf '{lines}' >> {path}")


def _is_ignored(name: str, patterns: list[str]) -> bool:
    """Return whether Docker ignores a name: the last matching pattern decides."""
    ignored = False
    for pattern in map(str.strip, patterns):
        plain = re.sub(r"^!?/?(\*\*/)*|(/\*{0,2})?$", "", pattern)
        if plain and fnmatchcase(name, plain):
            ignored = not pattern.startswith("!")
    return ignored
