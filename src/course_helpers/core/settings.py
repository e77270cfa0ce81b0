"""`deployment/.env` and the environment, read once into one frozen `Settings`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from course_helpers.core.errors import SettingsError
from course_helpers.core.masking import is_secret, mask

ROOT = Path(__file__).resolve().parents[3]
VERSION = version("course-helpers")  # of the course, as `pyproject.toml` and CHANGELOG.md have it
DEPLOYMENT = ROOT / "deployment"
# COURSE_ENV_FILE names another file: one for staging, say, or that of the tests.
ENV_FILE = Path(os.environ.get("COURSE_ENV_FILE") or DEPLOYMENT / ".env").resolve()
GRAPH = "task_maistro"
LANES = ("embedded", "open", "official")
# langsmith 0.14 reads them in this order: the first that is not empty decides.
TRACING = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
PROVIDER_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "ollama": None}


@dataclass(frozen=True)
class Settings:
    """Everything the course reads from `deployment/.env` and the environment.

    Attributes:
        model: the value of `TASK_MAISTRO_MODEL`; empty means the offline model.
        lane: the value of `LANE`; empty means the lane that a lesson asks for.
        own: the variables that `.env` and `.env.example` name, with the values in force. Two
            settings are equal if these are (not shown: holds keys).
        environment: all variables for a server started by the course (not shown: holds keys).
    """

    model: str
    lane: str
    own: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def model_label(self) -> str:
        """What answers, for people: the offline model or the provider's name for it."""
        return self.model or "the offline model (no key, no network)"

    @property
    def provider_key(self) -> str | None:
        """Name of the environment variable that holds the model's key, if it needs one."""
        return PROVIDER_KEYS.get(self.model.partition(":")[0])

    @property
    def api_port(self) -> int:
        """The port of 127.0.0.1 where the stack's server answers.

        Raises:
            SettingsError: `API_PORT` is not a port.
        """
        value = self.value("API_PORT", "8123")
        if value.isdecimal() and 0 < int(value) < 65536:
            return int(value)
        raise SettingsError(
            f"API_PORT={value!r} is not a port.", f"write API_PORT=8123 in {ENV_FILE}"
        )

    def value(self, name: str, default: str = "") -> str:
        """Return a variable's value without spaces around it; the default if it is empty."""
        return self.environment.get(name, "").strip() or default

    def secrets(self) -> dict[str, str]:
        """Return the names of all secrets that are set, with masked values."""
        return {n: mask(v) for n, v in self.environment.items() if is_secret(n) and v}


def load_settings(env_file: Path = ENV_FILE, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; a variable of the environment wins over the same line in the file.

    Without a file the defaults of `.env.example` hold: the offline model on the embedded lane.

    Args:
        env_file: a file of NAME=value lines.
        environ: the environment; by default this process's.

    Raises:
        SettingsError: the file or a line of it cannot be read, or `LANE` names no lane.
    """
    environ = os.environ if environ is None else environ
    from_file = _read_file(env_file) if env_file.exists() else {}
    merged = {k: v for k, v in from_file.items() if v is not None} | dict(environ)
    _decide_tracing(merged)
    names = from_file.keys() | dotenv_values(DEPLOYMENT / ".env.example").keys()
    lane = merged.get("LANE", "").strip()
    if lane and lane not in LANES:
        raise SettingsError(
            f"LANE={lane!r} is not a lane of this course (there is {', '.join(LANES)}).",
            f"change the line LANE= in {env_file}, or leave it empty",
        )
    return Settings(
        model=merged.get("TASK_MAISTRO_MODEL", "").strip(),
        lane=lane,
        own={name: merged[name] for name in sorted(names & merged.keys())},
        environment=MappingProxyType(merged),
    )


def _decide_tracing(values: dict[str, str]) -> None:
    """Leave tracing off unless somebody turned it on, as `.env.example` promises.

    An empty value stops langgraph-api 0.16, and no value at all turns tracing on where a key is
    set (langgraph_api/config).
    """
    for name in TRACING:
        if not values.get(name, "").strip():
            values.pop(name, None)
    if not values.keys() & set(TRACING):
        values["LANGSMITH_TRACING"] = "false"


def _read_file(env_file: Path) -> dict[str, str | None]:
    try:
        with env_file.open(encoding="utf-8") as lines:
            wrong = [binding.original.line for binding in parse_stream(lines) if binding.error]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{env_file} cannot be read: {error}.",
            f"save it as UTF-8 text, or delete it and copy {env_file.parent / '.env.example'}",
        ) from None
    if wrong:  # the line itself is not shown: it may hold a key
        raise SettingsError(
            f"Line {wrong[0]} of {env_file} is not of the form NAME=value.",
            "correct that line, or delete the file and copy .env.example",
        )
    return dotenv_values(env_file)


def prepare_env_file(env_file: Path = ENV_FILE) -> None:
    """Make `deployment/.env` from its example if there is none, and check that it can be read.

    Raises:
        SettingsError: a line or a value of the file is invalid.
    """
    if not env_file.exists():
        shutil.copyfile(DEPLOYMENT / ".env.example", env_file)
        print(f"Made {_short(env_file)}, where your settings and keys go (none is needed).")
    load_settings(env_file)


def _short(path: Path) -> Path:
    """Return a path of the course's folder relative to it, and any other as it is."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
