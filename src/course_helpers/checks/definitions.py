"""Compare the definitions in a notebook with those of the file that is deployed."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable
from pathlib import Path

from IPython.core.getipython import get_ipython

from course_helpers.checks.result import Result
from course_helpers.core.settings import DEPLOYMENT

TASK_MAISTRO = DEPLOYMENT / "task_maistro.py"


def same_definitions(cells: Iterable[str] | None = None, file: Path = TASK_MAISTRO) -> Result:
    """Compare each definition of a file with the last one of that name in the cells.

    Two definitions are the same if Python reads the same in them: comments and line breaks do not
    count. Statements such as `builder.add_node(...)` must be there too.

    Args:
        cells: the code of the cells that were run; by default, of this notebook's.
        file: a Python file.
    """
    typed: dict[str, str] = {}
    for cell in cells_run() if cells is None else cells:
        typed |= definitions(cell)
    shipped = definitions(file.read_text(encoding="utf-8"))
    missing = [name for name in shipped if name not in typed]
    changed = [name for name in shipped if name in typed and typed[name] != shipped[name]]
    if missing:
        return Result(False, f"Did you run every cell? Not defined here: {', '.join(missing)}.")
    if changed:
        return Result(False, f"These differ from {file.name}: {', '.join(changed)}.")
    return Result(True, f"All {len(shipped)} definitions equal those of {file.name}.")


def cells_run() -> list[str]:
    """Return the code of the cells that were run in this kernel, in order.

    They are taken from IPython's cache for tracebacks: `In` stays empty when cells are run without
    history, as nbval does.
    """
    shell = get_ipython()
    counts = shell.compile._filename_map if shell else {}
    # By execution count: a cell that is run again unchanged keeps its position.
    return ["".join(linecache.getlines(name)) for name in sorted(counts, key=counts.__getitem__)]


def definitions(source: str) -> dict[str, str]:
    """Return the top-level definitions of some code: name -> dump of its syntax tree.

    A call that is a statement of its own is named by its source. Code that is not valid Python,
    such as a notebook's magic command, has no definitions.
    """
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        tree = compile(source, "<cell>", "exec", flags)
    except SyntaxError:
        return {}
    named = ((_name(statement), statement) for statement in tree.body)
    return {name: ast.dump(statement) for name, statement in named if name}


def _name(statement: ast.stmt) -> str | None:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.Expr(value=ast.Call()):
            return ast.unparse(statement)
    return None
