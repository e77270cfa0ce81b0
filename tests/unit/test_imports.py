"""Imports go down only: from what a learner sees to what it stands on."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from course_helpers.core.settings import ROOT

# From the top: a package imports from itself and from those below its own line. "" is its `__init__.py`.
COURSE = (
    ("",),
    ("checks",),
    ("widgets", "practice"),
    ("backup", "lanes", "doctor"),
    ("stack", "lessons", "workspace"),
    ("server", "images"),
    ("core",),
)
ENGINE = (
    ("__main__",),
    ("startup",),
    ("app",),
    ("routes",),
    ("execution",),
    ("state", "patches"),
    ("",),
)


def modules(package: Path) -> dict[str, Path]:
    """Return the modules of a package by their dotted name below it; its own face is left out."""
    named = {p.relative_to(package).with_suffix("").as_posix(): p for p in package.rglob("*.py")}
    del named["__init__"]
    return {n.removesuffix("/__init__").replace("/", "."): p for n, p in sorted(named.items())}


def imports(package: Path) -> Iterator[tuple[str, str]]:
    """Yield who imports whom in a package."""
    known = modules(package)
    for me, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                top, _, home = node.module.partition(".")
                whole = [f"{home}.{each.name}".strip(".") for each in node.names]
                if top == package.name:
                    yield from ((me, name if name in known else home) for name in whole)


def going_up(package: Path, layers: Sequence[Sequence[str]]) -> list[str]:
    """Return a sentence for each import that does not go down."""
    level = {room: number for number, rooms in enumerate(layers) for room in rooms}
    rooms = {me.partition(".")[0] for me in modules(package)}
    found = [f"{room} has no layer: give it one in this test" for room in sorted(rooms - {*level})]
    for me, other in imports(package):
        mine, theirs = me.partition(".")[0], other.partition(".")[0]
        if mine != theirs and level.get(mine, 0) >= level.get(theirs, 0):
            found.append(f"{me} imports {other or package.name}, which is not below {mine}")
    return found


def circle(package: Path) -> str:
    """Return modules that import each other in a circle, or nothing."""
    below = defaultdict(set)
    for me, other in imports(package):
        if other:
            below[me].add(other)
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        return f"these import each other in a circle: {' <- '.join(error.args[1])}"
    return ""


HOUSES = pytest.mark.parametrize(
    ("package", "layers"),
    [(ROOT / "src/course_helpers", COURSE), (ROOT / "deployment/engine/open_engine", ENGINE)],
    ids=["course_helpers", "open_engine"],
)


@HOUSES
def test_imports_go_down_and_never_round(package: Path, layers: Sequence[Sequence[str]]) -> None:
    assert going_up(package, layers) == []
    assert circle(package) == ""


def test_what_goes_up_or_round_is_a_sentence(tmp_path: Path) -> None:
    package = tmp_path / "house"
    for name, text in {
        "__init__": "",
        "roof/__init__": "from house.cellar import jam",
        "cellar/__init__": "",
        "cellar/jam": "from house.cellar import wine\nfrom house.roof import *",
        "cellar/wine": "from house.cellar.jam import pot",
        "shed": "",
    }.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert going_up(package, [("",), ("roof",), ("cellar",)]) == [
        "shed has no layer: give it one in this test",
        "cellar.jam imports roof, which is not below cellar",
    ]
    assert "in a circle: " in circle(package)
    assert "cellar.jam <- " in circle(package)
