"""Checks whose every finding carries the command that fixes it."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable
from dataclasses import dataclass

from course_helpers.dev_server import missing_graphs, server_version
from course_helpers.errors import RECONNECT, SettingsError
from course_helpers.settings import (
    ENV_FILE,
    GRAPH,
    PROVIDER_KEYS,
    Settings,
    is_placeholder,
    load_settings,
    mask,
)


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        name: what was looked at.
        ok: whether it is as it should be.
        detail: what was seen.
        fix: what to do about it; empty when there is nothing to do.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{'ok  ' if self.ok else 'FAIL'} {self.name}: {self.detail}"
        return f"{line}\n     Fix: {self.fix}" if self.fix else line


def server_findings(url: str) -> list[Finding]:
    """Check the settings and the server at `url`, in about a tenth of a second.

    Args:
        url: of a deployment, for instance `server.url`.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Finding("Settings", False, error.what, error.fix), *_server(url)]
    return [_settings_file(), _model(settings), _tracing(settings), *_server(url)]


def findings_html(findings: Iterable[Finding]) -> str:
    """Return the findings as an accessible table: states are words, every text is escaped."""
    left = 'style="text-align:left"'
    rows = "".join(
        f'<tr><td {left}><span class="{"ok" if f.ok else "fail"}">{"ok" if f.ok else "FAIL"}</span>'
        f'</td><th scope="row" {left}>{html.escape(f.name)}</th>'
        f"<td {left}>{html.escape(f.detail)}</td>"
        f"<td {left}>{f'<code>{html.escape(f.fix)}</code>' if f.fix else ''}</td></tr>"
        for f in findings
    )
    head = "".join(f'<th scope="col" {left}>{n}</th>' for n in ("State", "Check", "Seen", "Fix"))
    return (
        f"<table><caption {left}>Findings</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _settings_file() -> Finding:
    if ENV_FILE.exists():
        return Finding("Settings", True, "deployment/.env is there")
    return Finding("Settings", True, "no deployment/.env yet, so the defaults hold")


def _model(settings: Settings) -> Finding:
    provider = settings.model.partition(":")[0]
    if provider and provider not in PROVIDER_KEYS:
        known = ", ".join(f"{name}:…" for name in PROVIDER_KEYS)
        problem = f"TASK_MAISTRO_MODEL={settings.model} names an unknown provider"
        return Finding("Model", False, problem, f"use one of {known}, or leave it empty")
    key = settings.provider_key
    if key is None:
        return Finding("Model", True, settings.model_label)
    value = settings.environment.get(key, "").strip()
    if not value:
        problem = f"{settings.model} needs {key}, which is not set"
    elif is_placeholder(value):
        problem = f"{key} is a placeholder ({mask(value)}), not a key"
    else:
        return Finding("Model", True, f"{settings.model} with {key}={mask(value)}")
    fix = f"put your key in deployment/.env: {key}=… (or leave TASK_MAISTRO_MODEL= empty)"
    return Finding("Model", False, problem, fix)


def _tracing(settings: Settings) -> Finding:
    on = settings.environment.get("LANGSMITH_TRACING", "").lower() in ("true", "1")
    where = "on: conversations are sent to LangSmith" if on else "off: nothing leaves this machine"
    return Finding("Tracing", True, where)


def _server(url: str) -> list[Finding]:
    started = time.monotonic()
    missing = missing_graphs(url, [GRAPH])
    milliseconds = (time.monotonic() - started) * 1000
    version = server_version(url)
    if missing is None or version is None:
        return [Finding("Server", False, f"nothing answers at {url}", RECONNECT)]
    answer = Finding("Server", True, f"{url} answers in {milliseconds:.0f} ms, version {version}")
    if missing:
        fix = 'name it under "graphs" in deployment/langgraph.json, then connect() again'
        return [answer, Finding("Graph", False, f"{GRAPH} is not loaded", fix)]
    return [answer, Finding("Graph", True, f"{GRAPH} is loaded")]
