"""The process that `graph_import` starts: it imports one graph and reports the result.

Its arguments are a file or a module, the variable, and the folders to import from. The last line
of its standard output is JSON: the problem, or what the variable is.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any


def load(name: str) -> ModuleType:
    """Import a module by its file, or by its name if there is no / in it, as the server does."""
    if "/" not in name:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(Path(name).stem, Path(name).resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def describe(error: BaseException) -> str:
    """Return an exception's last line and the place in the graph's own folder."""
    lines = traceback.format_exception_only(error)[-1].split()
    here = str(Path.cwd())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(here)]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return " ".join(lines)[:300] + place


def problem_of(value: Any, variable: str) -> str:
    """Return why the server could not serve a value, or nothing."""
    from langgraph.graph import StateGraph
    from langgraph.pregel import Pregel

    if isinstance(value, (Pregel, StateGraph)) or callable(value):
        return ""
    return f"{variable} is of type {type(value).__name__}, not a graph"


def main() -> None:
    """Import the graph, print the result, and exit even if the import has started threads."""
    name, variable, *folders = sys.argv[1:]
    sys.path[:0] = [str(Path(folder).resolve()) for folder in folders]
    problem, detail = "", ""
    try:
        value = getattr(load(name), variable)
        problem = problem_of(value, variable)
        detail = f"{variable} is a {type(value).__name__}"
    except BaseException as error:  # an import that calls sys.exit() too
        problem = describe(error)
    print("\n" + json.dumps({"problem": problem, "detail": detail}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
