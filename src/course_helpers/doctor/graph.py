"""Checks of a graph that `langgraph.json` names: its definition, read, and its import, tried."""

from __future__ import annotations

import ast
import json
import os
import symtable
import sys
from collections.abc import Sequence
from pathlib import Path

from dotenv import dotenv_values

from course_helpers.core.errors import CourseError
from course_helpers.core.processes import TOO_SLOW, run

LIMIT = 30.0  # seconds for an import; 1 to 3 are usual
_JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_CHILD = Path(__file__).with_name("_graph_child.py")


def graph_definition(folder: Path, spec: str, dependencies: Sequence[str]) -> str:
    """Check, without importing it, that a graph's file is there and defines the variable.

    Args:
        folder: where `langgraph.json` is.
        spec: `path:variable`.
        dependencies: the folders that are copied into the image.

    Raises:
        CourseError: what is wrong, with the fix.
    """
    name, _, variable = spec.rpartition(":")
    if not name or not variable.isidentifier():
        fix = 'edit langgraph.json, for instance: "./agent.py:graph"'
        raise CourseError(f"{spec!r} is not of the form path:variable", fix)
    if name.endswith(_JAVASCRIPT):
        return f"{name} is not Python: not looked into"
    if "/" not in name:  # by the server's rule, the name of a module
        return _module(name, variable)
    path = (folder / name).resolve()
    if not path.is_file():
        fix = f"edit langgraph.json: name a file that is there (ls {folder})"
        raise CourseError(f"{name} is not there", fix)
    if not any(path.is_relative_to((folder / each).resolve()) for each in dependencies):
        fix = 'edit langgraph.json: "dependencies": ["."]'
        raise CourseError(f"{name} lies in no folder of dependencies: no image gets it", fix)
    return _definition(path, name, variable)


def _module(name: str, variable: str) -> str:
    if name.endswith(".py"):
        fix = f'edit langgraph.json: "./{name}:{variable}"'
        raise CourseError(f"{name} has no / in it, so the server takes it for a module", fix)
    return f"{name} is a module: only an import tells whether it has {variable}"


def _definition(path: Path, name: str, variable: str) -> str:
    """Check that a file is valid Python and defines or imports the variable."""
    try:
        source = path.read_text(encoding="utf-8-sig")
        tree = ast.parse(source, name)
        # The compiler's symbol table knows every way to bind a name.
        symbols = symtable.symtable(source, name, "exec").get_symbols()
        compile(
            tree, name, "exec"
        )  # finds more than the parser: a `return` outside a function, say
    except SyntaxError as error:
        fix = f"edit {name} at line {error.lineno}; to look again: python -m py_compile {path}"
        raise CourseError(f"{name}, line {error.lineno}: {error.msg}", fix) from None
    except ValueError as error:
        raise CourseError(f"{name}: {error}", f"edit {name}: save it as UTF-8 text") from None
    if any(s.get_name() == variable for s in symbols if s.is_assigned() or s.is_imported()):
        return f"{name} defines {variable}"
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in tree.body):
        return f"{name} may get {variable} by its import *"
    own = [s for s in symbols if s.is_assigned() and not s.is_imported()]
    own.sort(key=lambda s: (s.is_namespace(), s.get_name()))  # functions after values
    others = ", ".join([s.get_name() for s in own if s.get_name()[0].islower()][:4]) or "nothing"
    fix = f"edit {name}: {variable} = builder.compile() (or name another in langgraph.json)"
    raise CourseError(f"{name} defines no {variable}; it defines {others}", fix)


def graph_import(
    folder: Path,
    spec: str,
    dependencies: Sequence[str],
    env: Path | dict[str, str],
    limit: float = LIMIT,
) -> str:
    """Import a graph as the server does, in a process of its own, and check what it is.

    Args:
        folder: where `langgraph.json` is.
        spec: `path:variable`.
        dependencies: the folders from which the graph's file may import.
        env: the settings file, or the variables; those of this process win.
        limit: seconds.

    Raises:
        CourseError: what is wrong, with the fix.
    """
    name, _, variable = spec.rpartition(":")
    values = dotenv_values(env) if isinstance(env, Path) else env
    own = {key: value for key, value in values.items() if value is not None}
    # -P: otherwise the child's own folder would come first on `sys.path`.
    command = [sys.executable, "-P", "-B", str(_CHILD), name, variable, *dependencies]
    answer = run(command, limit, folder, {**own, **os.environ})
    if answer.code == TOO_SLOW:
        fix = f"edit {name}: move slow work from the top of the file into a node"
        raise CourseError(f"the import did not end within {limit:g} s", fix)
    try:
        verdict = json.loads(answer.out.splitlines()[-1])
        problem, detail = verdict["problem"], verdict["detail"]
    except (LookupError, TypeError, ValueError):
        problem, detail = f"the import ended the process (exit code {answer.code})", ""
    if problem:
        again = f'"{folder / name}"' if "/" in name else f"-m {name}"
        raise CourseError(problem, f"edit {name}; to see all of it: python {again}")
    return str(detail)
