"""From the environment that `langgraph build` and compose set to the one that Aegra reads."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from open_engine import AEGRA_VERSION
from open_engine.startup.errors import EngineError

SECTIONS = {
    "store": "LANGGRAPH_STORE",
    "http": "LANGGRAPH_HTTP",
    "auth": "LANGGRAPH_AUTH",
    "checkpointer": "LANGGRAPH_CHECKPOINTER",
}
# Seconds, unless the environment says otherwise. With Aegra's own, a cron may be a minute late, and
# the run of a server that was killed is picked up after half a minute.
PACE = {
    "CRON_POLL_INTERVAL_SECONDS": "5",
    "LEASE_DURATION_SECONDS": "7",
    "HEARTBEAT_INTERVAL_SECONDS": "3",
    "REAPER_INTERVAL_SECONDS": "2",
}
# Connections to Postgres: thirty a replica, so that three replicas fit into its hundred.
POOLS = {"SQLALCHEMY_MAX_OVERFLOW": "10", "LANGGRAPH_MAX_POOL_SIZE": "10"}
_TTL = (
    'write minutes, or JSON such as {"strategy": "delete", "default_ttl": 43200}, into '
    "LANGGRAPH_THREAD_TTL in deployment/.env, and run: make up"
)
_REBUILD = "correct deployment/langgraph.json and run: make images up"


def require_aegra() -> None:
    """Refuse to start on another Aegra than the one this package was written against.

    Raises:
        EngineError: an app's packages have replaced it.
    """
    found = version("aegra-api")
    if found != AEGRA_VERSION:
        raise EngineError(
            f"This engine needs aegra-api {AEGRA_VERSION} and finds {found}.",
            "take aegra-api out of the app's requirements and run: make images up",
        )


def aegra_config(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return Aegra's configuration file for the graphs and settings that the image was built with.

    Raises:
        EngineError: a variable is missing, is not JSON, or names a graph that is not there.
    """
    graphs = _json(environ, "LANGSERVE_GRAPHS") or {}
    if not graphs:
        raise EngineError("LANGSERVE_GRAPHS is empty: this image holds no graph.", _REBUILD)
    sections = {name: _json(environ, variable) for name, variable in SECTIONS.items()}
    return {
        "graphs": {name: _graph(name, entry) for name, entry in graphs.items()},
        **{name: value for name, value in sections.items() if value},
    }


def aegra_environment(environ: Mapping[str, str], config: Path) -> dict[str, str]:
    """Return the variables that Aegra reads, for the databases that compose names.

    Args:
        environ: with `DATABASE_URI` (or `POSTGRES_URI`) and `REDIS_URI`.
        config: where Aegra's configuration file is.

    Raises:
        EngineError: a database is not named.
    """
    return {
        "DATABASE_URL": database_uri(environ),
        "REDIS_URL": redis_uri(environ),
        "REDIS_BROKER_ENABLED": "true",
        "AEGRA_CONFIG": str(config),
        "ENABLE_PROMETHEUS_METRICS": "true",
        "ENV_MODE": "PRODUCTION",  # one JSON object a line in the log
        **{name: environ.get(name) or value for name, value in {**PACE, **POOLS}.items()},
    }


def check_thread_ttl(environ: Mapping[str, str]) -> None:
    """Refuse an invalid `LANGGRAPH_THREAD_TTL`. Aegra's environment must be set before.

    Raises:
        EngineError: the variable, or `checkpointer.ttl` of the app's configuration, is wrong.
    """
    from aegra_api.services.thread_ttl import get_thread_ttl_config

    given = environ.get("LANGGRAPH_THREAD_TTL", "").strip()
    name = f"LANGGRAPH_THREAD_TTL={given}" if given else "checkpointer.ttl in langgraph.json"
    try:
        get_thread_ttl_config()
    except json.JSONDecodeError:
        raise EngineError(f"{name} is neither minutes nor JSON.", _TTL) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "value"
        raise EngineError(f"{name} is wrong: {where}: {first['msg']}.", _TTL) from None


def database_uri(environ: Mapping[str, str]) -> str:
    """Return where Postgres is.

    Raises:
        EngineError: neither of its two names is set.
    """
    uri = environ.get("DATABASE_URI") or environ.get("POSTGRES_URI")
    if not uri:
        raise EngineError(
            "DATABASE_URI is not set: the server has no database.",
            "start it with deployment/docker-compose.yml: make up",
        )
    return uri


def redis_uri(environ: Mapping[str, str]) -> str:
    """Return where Redis is.

    Raises:
        EngineError: it is not set.
    """
    uri = environ.get("REDIS_URI")
    if not uri:
        raise EngineError(
            "REDIS_URI is not set: the server has no queue.",
            "start it with deployment/docker-compose.yml: make up",
        )
    return uri


def _json(environ: Mapping[str, str], variable: str) -> dict[str, Any] | None:
    text = environ.get(variable, "").strip()
    if not text:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise EngineError(f"{variable} is not JSON ({error}): {text[:80]}", _REBUILD) from None
    if not isinstance(value, dict):
        raise EngineError(f"{variable} must be a JSON object, not {text[:80]}", _REBUILD)
    return value


def _graph(name: str, entry: str | dict[str, Any]) -> str | dict[str, Any]:
    """Return a graph's entry with the file of its module: Aegra reads files only."""
    path = entry.get("path", "") if isinstance(entry, dict) else entry
    module, colon, variable = str(path).rpartition(":")
    if not colon or not variable:
        raise EngineError(f"Graph {name!r} is {path!r}, not FILE:VARIABLE.", _REBUILD)
    file = Path(module)
    if not module.endswith(".py"):
        spec = importlib.util.find_spec(module)
        file = Path(spec.origin) if spec and spec.origin else file
    if not file.is_file():
        raise EngineError(f"Graph {name!r}: there is no file {file} in this image.", _REBUILD)
    found = f"{file}:{variable}"
    return {**entry, "path": found} if isinstance(entry, dict) else found
