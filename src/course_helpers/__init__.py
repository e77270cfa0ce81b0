"""What the notebooks import: the course's helpers and panels.

Each is imported when it is first used, so that the commands start in half the time, and so that
the doctor still runs, and says which, when a package is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "DEPLOYMENT": "settings",
    "CourseError": "errors",
    "Deployment": "lanes",
    "HealthPanel": "widgets",
    "Question": "widgets",
    "Quiz": "widgets",
    "ThreadExplorer": "widgets",
    "check": "checks",
    "config_findings": "config_check",
    "connect": "lanes",
    "read_memories": "store",
    "read_thread": "threads",
    "start_dev_server": "dev_server",
    "terminal": "commands",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    found = home if name == "check" else getattr(home, name)
    globals()[name] = found
    return found
