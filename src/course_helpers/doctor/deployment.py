"""The config checker: what is wrong with a deployment folder, found before anything is built.

`langgraph validate` reads only `langgraph.json`. It finds bad JSON and missing values, but not a
missing graph file, a wrong variable or a missing `.env`. This checker also looks at the files that
the configuration names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from course_helpers.core.errors import CourseError
from course_helpers.core.findings import Finding, Findings, examine_one
from course_helpers.doctor.deployment_files import (
    dependency,
    dockerignore,
    requirements,
    settings_file,
)
from course_helpers.doctor.graph import LIMIT, graph_definition, graph_import

CONFIG = "langgraph.json"
PYTHONS = ("3.11", "3.12", "3.13")  # for which there are images of langgraph-api
_KINDS: dict[str, tuple[type, ...]] = {
    "graphs": (dict,),
    "dependencies": (list,),
    "env": (str, dict),
    "python_version": (str,),
}
_EXAMPLE = '{"dependencies": ["."], "graphs": {"agent": "./agent.py:graph"}}'


def config_findings(folder: Path | str, load: bool = False, limit: float = LIMIT) -> Findings:
    """Check `langgraph.json` in a folder and every file that it names.

    Args:
        folder: the deployment's folder.
        load: also import each graph whose definition is right, in a process of its own.
        limit: seconds for each import.
    """
    folder = Path(folder)
    try:
        config = _read(folder / CONFIG)
    except CourseError as error:
        return Findings([Finding(CONFIG, False, error.what, error.fix)])
    findings = Findings(examine_one(name, check) for name, check in _checks(folder, config))
    good = {finding.name for finding in findings if finding.ok}
    for name, spec in _graphs(config).items() if load else ():
        if f"Graph {name}" in good:
            check = partial(graph_import, folder, spec, _local(config), _env(folder, config), limit)
            findings.append(examine_one(f"Import of {name}", check))
    return findings


def _checks(folder: Path, config: dict[str, Any]) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield each check with its name."""
    yield CONFIG, partial(_keys, config)
    yield "langgraph validate", partial(_validate, config)
    yield "Python version", partial(_python_version, config.get("python_version"))
    for name, spec in _graphs(config).items():
        yield f"Graph {name}", partial(graph_definition, folder, spec, _local(config))
    for name in config.get("dependencies", []):
        yield f"Dependency {name}", partial(dependency, folder, name)
    for name in _local(config):
        file = folder / name / "requirements.txt"
        if file.is_file():
            yield f"{Path(name, file.name).as_posix()}", partial(requirements, file)
    yield "Settings file", partial(settings_file, folder, config.get("env", {}))
    yield ".dockerignore", partial(dockerignore, folder / ".dockerignore")


def _graphs(config: dict[str, Any]) -> dict[str, str]:
    """Return the graphs, each as `path:variable`; a value may also be an object with a path."""
    graphs = config.get("graphs", {})
    return {name: s["path"] if isinstance(s, dict) else s for name, s in graphs.items()}


def _local(config: dict[str, Any]) -> list[str]:
    """Return the dependencies that are folders: by the CLI's rule, those that begin with a dot."""
    return [name for name in config.get("dependencies", []) if name.startswith(".")]


def _env(folder: Path, config: dict[str, Any]) -> Path | dict[str, str]:
    env = config.get("env", {})
    return folder / env if isinstance(env, str) else {k: str(v) for k, v in env.items()}


def _read(path: Path) -> dict[str, Any]:
    """Return the configuration, with values of the right types.

    Raises:
        CourseError: the file is missing or not JSON, or a value has the wrong type.
    """
    restore = f"git checkout -- {path}"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"{path} is not there", restore) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        fix = f"edit {CONFIG} there; to look again: python -m json.tool {CONFIG}"
        raise CourseError(f"{where}: {error.msg}", fix) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CourseError(f"cannot be read: {error}", restore) from None
    for wrong in _wrong_kinds(config):
        raise CourseError(wrong, f"edit {CONFIG}, for instance: {_EXAMPLE}")
    return dict(config)


def _wrong_kinds(config: Any) -> Iterator[str]:
    """Yield a sentence for each value of the wrong type."""
    if not isinstance(config, dict):
        yield f"it holds {_kind(config)}, not an object"
        return
    for key in _KINDS.keys() & config.keys():
        if not isinstance(config[key], _KINDS[key]):
            yield f'"{key}" is {_kind(config[key])}'
            return
    for name, spec in config.get("graphs", {}).items():
        if not isinstance(spec.get("path") if isinstance(spec, dict) else spec, str):
            yield f"the graph {name!r} is {_kind(spec)}, not path:variable"
    for name in config.get("dependencies", []):
        if not isinstance(name, str):
            yield f'"dependencies" holds {_kind(name)}, not only folders and packages'


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(value), "null" if value is None else "a number")


def _keys(config: dict[str, Any]) -> str:
    # Not at the top: the import takes 0.2 s, which every import of this module would cost.
    from langgraph_cli.config import get_unknown_keys

    unknown = get_unknown_keys({k: v for k, v in config.items() if k != "$schema"})
    if unknown:
        raise CourseError(" ".join(unknown), f"edit {CONFIG}: rename or remove that key")
    return f"valid JSON, {len(config)} known keys"


def _validate(config: dict[str, Any]) -> str:
    """Call the function behind `langgraph validate`."""
    from click import UsageError
    from langgraph_cli.config import validate_config

    try:
        validate_config(config)  # type: ignore[arg-type]
    except (UsageError, ValueError) as error:
        fix = f"edit {CONFIG}; to look again: langgraph validate -c {CONFIG}"
        raise CourseError(str(error).partition("\n")[0], fix) from None
    return "calls it valid"


def _python_version(version: str | None) -> str:
    if version is None:
        return f"not named: the image has {PYTHONS[0]}"
    if version.partition("-")[0] not in PYTHONS:
        fix = f'edit {CONFIG}: "python_version": "{PYTHONS[-1]}"'
        raise CourseError(f"{version!r} is none of {', '.join(PYTHONS)}", fix)
    return f"{version} in the image"
