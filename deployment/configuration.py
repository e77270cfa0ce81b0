"""What a caller may choose per run, and what a deployment sets in its environment."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langgraph.config import get_config
from langgraph.runtime import Runtime

DEFAULT_ROLE = (
    "You are task_maistro, a helpful assistant who keeps the user's to-do list. "
    "You are friendly, brief and exact."
)
PROVIDERS = {  # prefix of TASK_MAISTRO_MODEL -> (package, environment variable of its key)
    "openai": ("langchain_openai", "OPENAI_API_KEY"),
    "anthropic": ("langchain_anthropic", "ANTHROPIC_API_KEY"),
    "ollama": ("langchain_ollama", None),
}


class SetupError(RuntimeError):
    """The environment asks for something that cannot work. The message names the fix."""


def _from_environment(name: str, default: str) -> str:
    return field(default_factory=lambda: os.environ.get(name) or default)


@dataclass(kw_only=True)
class Configuration:
    """The runtime context of one run: who is asking, for which list, in which role.

    The environment only supplies defaults. What the caller passes always wins: otherwise one
    variable on the server would make every user read and write the same memories.
    """

    user_id: str = _from_environment("TASK_MAISTRO_USER_ID", "default-user")
    todo_category: str = _from_environment("TASK_MAISTRO_TODO_CATEGORY", "general")
    task_maistro_role: str = _from_environment("TASK_MAISTRO_ROLE", DEFAULT_ROLE)

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not isinstance(value, str) or not value.strip() or "\x00" in value:
                raise ValueError(f"{f.name}={value!r}: pass a text that is not empty.")

    @classmethod
    def of(cls, runtime: Runtime[Configuration]) -> Configuration:
        """Return the caller's `context`, or an older caller's `config["configurable"]`."""
        if runtime.context is not None:
            return runtime.context
        given = get_config().get("configurable") or {}
        names = [f.name for f in fields(cls) if given.get(f.name) is not None]
        return cls(**{name: given[name] for name in names})


def current_time() -> datetime:
    """Return the time that goes into the prompts: `TASK_MAISTRO_NOW` if set, else now.

    Raises:
        SetupError: `TASK_MAISTRO_NOW` is not an ISO time.
    """
    pinned = os.environ.get("TASK_MAISTRO_NOW", "").strip()
    if not pinned:
        return datetime.now().replace(microsecond=0)
    try:
        return datetime.fromisoformat(pinned)
    except ValueError:
        raise SetupError(
            f"TASK_MAISTRO_NOW={pinned!r} is not an ISO time. Write it like "
            "2026-03-04T09:00:00, or leave it empty for the real time."
        ) from None


def chat_model() -> BaseChatModel:
    """Return the model that `TASK_MAISTRO_MODEL` names; empty means the offline model.

    Nothing is created at import time, so that importing the graph never needs a key.

    Raises:
        SetupError: the provider is unknown, or its package or key is missing.
    """
    name = os.environ.get("TASK_MAISTRO_MODEL", "").strip()
    if not name:
        from offline_model import OfflineChatModel

        return OfflineChatModel()
    _check_provider(name)
    return _hosted_model(name)


@lru_cache(maxsize=4)  # one HTTP client per model, not one per call
def _hosted_model(name: str) -> BaseChatModel:
    return init_chat_model(name, temperature=0)


def _check_provider(name: str) -> None:
    """Turn the three foreseeable mistakes in `TASK_MAISTRO_MODEL` into a sentence with the fix."""
    provider, colon, model = name.partition(":")
    offline = "or leave TASK_MAISTRO_MODEL empty for the offline model"
    if provider not in PROVIDERS or not colon or not model:
        known = ", ".join(f"{p}:…" for p in PROVIDERS)
        raise SetupError(
            f"TASK_MAISTRO_MODEL={name!r} is not one of {known}. "
            f"Write it like openai:gpt-4o in deployment/.env, {offline}."
        )
    package, key = PROVIDERS[provider]
    if importlib.util.find_spec(package) is None:
        raise SetupError(
            f"TASK_MAISTRO_MODEL={name!r} needs the package {package.replace('_', '-')}. "
            f"Run: pip install {package.replace('_', '-')}, {offline}."
        )
    if key and not os.environ.get(key, "").strip():
        raise SetupError(
            f"TASK_MAISTRO_MODEL={name!r} needs {key}, which is not set. "
            f"Put it in deployment/.env, {offline}."
        )
