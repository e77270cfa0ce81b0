"""Checks of `deployment/.env`: the model, its key, other keys, tracing.

Each check returns what it found, or raises a `CourseError` with the fix. Keys are shown masked.
"""

from __future__ import annotations

from collections.abc import Mapping

from course_helpers.core.errors import CourseError
from course_helpers.core.masking import is_placeholder, mask
from course_helpers.core.settings import ENV_FILE, PROVIDER_KEYS, TRACING, Settings, load_settings

TRACING_KEYS = ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")


def settings_file() -> str:
    """Check that `deployment/.env` can be read, if it exists."""
    load_settings()
    if ENV_FILE.exists():
        return "deployment/.env is there"
    return "no deployment/.env yet, so the defaults hold"


def model(settings: Settings) -> str:
    """Check that the model's provider is known and that its key is set and looks like one."""
    provider = settings.model.partition(":")[0]
    if provider and provider not in PROVIDER_KEYS:
        known = ", ".join(f"{name}:…" for name in PROVIDER_KEYS)
        raise CourseError(
            f"TASK_MAISTRO_MODEL={settings.model} names an unknown provider",
            f"edit deployment/.env: TASK_MAISTRO_MODEL= one of {known}, or empty",
        )
    key = settings.provider_key
    if key is None:
        return settings.model_label
    value = settings.environment.get(key, "").strip()
    fix = f"edit deployment/.env: {key}=your key (or TASK_MAISTRO_MODEL= empty)"
    if not value:
        raise CourseError(f"{settings.model} needs {key}, which is not set", fix)
    if is_placeholder(value):
        raise CourseError(f"{key} is a placeholder ({mask(value)}), not a key", fix)
    return f"{settings.model} with {key}={mask(value)}"


def keys(settings: Settings) -> str:
    """Check that no other key of `deployment/.env` is a placeholder."""
    others = {
        name: masked
        for name, masked in settings.secrets().items()
        if name in settings.own and name != settings.provider_key
    }
    for name, masked in others.items():
        if is_placeholder(settings.own[name]):
            raise CourseError(
                f"{name} is a placeholder ({masked}), not a key",
                f"edit deployment/.env: {name}= your key, or nothing",
            )
    return ", ".join(f"{n}={masked}" for n, masked in others.items()) or "no other is set or needed"


def tracing(settings: Settings) -> str:
    """Check whether traces are sent to LangSmith, and if so, that its key is set."""
    if _first(settings.environment, TRACING).lower() not in ("true", "1"):
        return "off: nothing is sent to LangSmith"
    if not _first(settings.environment, TRACING_KEYS):
        raise CourseError(
            "on, but LANGSMITH_API_KEY is not set",
            "edit deployment/.env: LANGSMITH_TRACING=false, or LANGSMITH_API_KEY=your key",
        )
    return "on: conversations are sent to LangSmith"


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for n in names if (value := environment.get(n, "").strip())), "")
