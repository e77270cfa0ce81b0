"""What the notebooks import: the course's helpers and panels.

Each is imported when it is first used, so that the commands start in half the time, and so that
the doctor still runs, and says which, when a package is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "AssistantPanel": "widgets",
    "CourseError": "core.errors",
    "DEPLOYMENT": "core.settings",
    "Deployment": "lanes",
    "FAULTS": "practice.fault_catalogue",
    "HealthPanel": "widgets",
    "ImagePanel": "widgets",
    "PracticeContainers": "practice.containers",
    "PracticeDatabase": "practice.database",
    "PracticeLine": "practice.relay",
    "PracticeStack": "practice.stack",
    "Question": "widgets",
    "Quiz": "widgets",
    "RunTimeline": "widgets",
    "StackPanel": "widgets",
    "StorePanel": "widgets",
    "ThreadExplorer": "widgets",
    "ask_assistants": "lessons.assistant_answers",
    "backup": "backup",
    "build_image": "practice.builds",
    "busy_thread": "lessons.busy_thread",
    "capabilities": "lessons.capabilities",
    "check": "checks",
    "compose_config": "stack.compose_config",
    "config_findings": "doctor.deployment",
    "connect": "lanes",
    "container_environment": "stack.services",
    "diagnose": "practice.diagnosis",
    "explain_error": "server.api_errors",
    "fault": "practice.faults",
    "kill_and_resume": "lessons.kill_and_resume",
    "list_services": "stack.services",
    "make_current": "server.assistants",
    "query": "stack.postgres",
    "random_fault": "practice.faults",
    "read_contents": "stack.fingerprints",
    "read_exit": "stack.services",
    "read_image": "images.layers",
    "read_logs": "stack.logs",
    "read_memories": "server.memories",
    "read_run_log": "stack.logs",
    "read_thread": "server.threads",
    "read_versions": "server.assistants",
    "run_if_installed": "core.terminal",
    "search_layers": "images.secret_search",
    "stack": "stack",
    "start_dev_server": "server.dev_server",
    "stored_bytes": "lessons.checkpointers",
    "terminal": "core.terminal",
    "time_writes": "lessons.checkpointers",
    "wait_until_settled": "stack.services",
    "watch_redis": "stack.redis",
    "with_alt_text": "lessons.figures",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    found = home if name in ("backup", "check", "stack") else getattr(home, name)
    globals()[name] = found
    return found
