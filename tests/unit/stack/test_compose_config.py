"""What `docker compose config` says, as the lessons show it; without Docker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course_helpers.core.errors import ServerError
from course_helpers.core.processes import Answer
from course_helpers.stack import compose_config

pytestmark = pytest.mark.usefixtures("docker")

WARNING = 'time="2026-03-04T09:00:00Z" level=warning msg="/x/y.yml: `version` is \\"obsolete\\""'


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[dict[str, str]]:
    asked: list[dict[str, str]] = []

    def ask(command: list[str], timeout: float, folder: Path, environ: dict[str, str]) -> Answer:
        asked.append(environ)
        return answer

    monkeypatch.setattr(compose_config, "run", ask)
    return asked


def test_no_secret_of_the_settings_can_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "postgres")  # short, and part of other names
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    config = {
        "langgraph-postgres": "postgresql://postgres:postgres@langgraph-postgres/db",
        "command": ["serve", "--key", "sk-0123456789abcdef"],
    }
    asked = answering(monkeypatch, Answer(0, json.dumps(config), WARNING))
    seen = compose_config.compose_config(tmp_path, API_PORT="9000")
    assert seen == {
        "langgraph-postgres": "postgresql://…:…@langgraph-postgres/db",
        "command": ["serve", "--key", "…"],
    }
    assert seen.warnings == ['/x/y.yml: `version` is "obsolete"']
    assert asked[0]["API_PORT"] == "9000"
    assert capsys.readouterr().out == "$ API_PORT=9000 docker compose config\n"


def test_a_file_that_compose_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answering(monkeypatch, Answer(1, err="warning\nservices must be a mapping"))
    with pytest.raises(ServerError, match="services must be a mapping"):
        compose_config.compose_config(tmp_path)
