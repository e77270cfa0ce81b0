"""`.env` and the environment: who wins, what is wrong, and what is shown of a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_helpers.core.errors import SettingsError
from course_helpers.core.masking import mask
from course_helpers.core.settings import load_settings


def test_without_a_file_the_offline_model_answers(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / ".env", {})
    assert (settings.model, settings.lane) == ("", "")
    assert "offline" in settings.model_label
    assert settings.provider_key is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TASK_MAISTRO_MODEL=openai:gpt-4o\nOPENAI_API_KEY=from-the-file\n")
    assert load_settings(file, {}).model == "openai:gpt-4o"
    assert load_settings(file, {}).provider_key == "OPENAI_API_KEY"
    settings = load_settings(file, {"TASK_MAISTRO_MODEL": ""})
    assert settings.model == ""
    assert settings.environment["OPENAI_API_KEY"] == "from-the-file"


def test_an_unknown_lane_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(tmp_path / ".env", {"LANE": "moon"})
    assert "'moon'" in error.value.what
    assert "embedded" in error.value.what


def test_a_file_that_is_not_text_is_said(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00K=1")
    with pytest.raises(SettingsError, match=r"cannot be read"):
        load_settings(file, {})


def test_no_key_is_ever_shown(tmp_path: Path) -> None:
    key = "sk-proj-abcdefghijklmnop"
    settings = load_settings(tmp_path / ".env", {"OPENAI_API_KEY": key, "PATH": "/bin"})
    assert key not in repr(settings)
    assert settings.secrets() == {"OPENAI_API_KEY": "sk-…op"}
    assert mask("short") == "…"


@pytest.mark.parametrize(
    ("environ", "value"),
    [
        ({}, "false"),
        ({"LANGSMITH_API_KEY": "lsv2_1234567890"}, "false"),  # the server alone would turn it on
        ({"LANGSMITH_TRACING": ""}, "false"),  # the server alone would stop
        ({"LANGSMITH_TRACING": "true"}, "true"),
        ({"LANGCHAIN_TRACING_V2": "true"}, None),  # decided elsewhere
    ],
)
def test_tracing_is_off_unless_somebody_turned_it_on(
    tmp_path: Path, environ: dict[str, str], value: str | None
) -> None:
    settings = load_settings(tmp_path / ".env", environ)
    assert settings.environment.get("LANGSMITH_TRACING") == value
