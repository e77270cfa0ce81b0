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
    "ImagePanel": "widgets",
    "PracticeStack": "practice_stack",
    "PracticeContainers": "practice_containers",
    "Question": "widgets",
    "Quiz": "widgets",
    "StackPanel": "widgets",
    "ThreadExplorer": "widgets",
    "build_image": "practice_builds",
    "check": "checks",
    "compose_config": "compose_view",
    "config_findings": "config_check",
    "connect": "lanes",
    "container_environment": "evidence",
    "list_services": "compose_view",
    "query": "evidence",
    "read_image": "image_layers",
    "read_logs": "stack_logs",
    "read_memories": "store",
    "read_run_log": "evidence",
    "read_thread": "threads",
    "search_layers": "image_search",
    "stack": "stack",
    "start_dev_server": "dev_server",
    "terminal": "commands",
    "watch_redis": "evidence",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    found = home if name in ("check", "stack") else getattr(home, name)
    globals()[name] = found
    return found
