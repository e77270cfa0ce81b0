"""Run in the engine's image: import all of the engine, and print what has changed in Aegra.

Last first, so that no module depends on another's being imported before it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

import aegra_api.main

import open_engine


def contents() -> dict[tuple[str, ...], Any]:
    """Return what the modules and classes of Aegra hold, by its name, and its application's routes."""
    found: dict[tuple[str, ...], Any] = {}
    for module in [each for name, each in sys.modules.items() if name.startswith("aegra_api")]:
        for name, value in vars(module).items():
            found[module.__name__, name] = value
            if isinstance(value, type) and value.__module__.startswith("aegra_api"):
                found |= {(value.__module__, value.__name__, k): v for k, v in vars(value).items()}
    return found | {("route", str(n)): r for n, r in enumerate(aegra_api.main.app.router.routes)}


before = contents()
for module in [m.name for m in pkgutil.walk_packages(open_engine.__path__, "open_engine.")][::-1]:
    importlib.import_module(module)
after = contents()
print([".".join(name) for name, value in before.items() if after.get(name) is not value])
