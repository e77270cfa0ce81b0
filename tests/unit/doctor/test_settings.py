"""The doctor's checks of the settings: the model, keys, tracing; each fix names a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_helpers.core.errors import CourseError
from course_helpers.core.settings import Settings
from course_helpers.doctor import settings as settings_checks
from tests.unit.shared import failure


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({}, "OPENAI_API_KEY, which is not set"),
        ({"OPENAI_API_KEY": "sk-..."}, "OPENAI_API_KEY is a placeholder (…)"),
        ({"OPENAI_API_KEY": "<your secret key>"}, "OPENAI_API_KEY is a placeholder (<yo…y>)"),
    ],
)
def test_a_hosted_model_needs_a_real_key(environment: dict[str, str], what: str) -> None:
    settings = Settings("openai:gpt-4o", "", {}, environment)
    assert what in failure(lambda: settings_checks.model(settings))


def test_a_model_that_can_answer() -> None:
    key = {"OPENAI_API_KEY": "sk-proj-Q7uT2vB9cD4eF6gH"}
    seen = settings_checks.model(Settings("openai:gpt-4o", "", {}, key))
    assert seen == "openai:gpt-4o with OPENAI_API_KEY=sk-…gH"
    assert settings_checks.model(Settings("ollama:llama3.2", "", {}, {})) == "ollama:llama3.2"
    assert "offline" in settings_checks.model(Settings("", "", {}, {}))


def test_an_unknown_provider() -> None:
    settings = Settings("mystery:model", "", {}, {})
    assert "mystery" in failure(lambda: settings_checks.model(settings))


def test_other_keys_are_masked_and_must_not_be_placeholders() -> None:
    own = {"LANGSMITH_API_KEY": "lsv2_pt_Q7uT2vB9cD4eF6gH", "LANE": ""}
    settings = Settings("", "", own, {**own, "GITHUB_TOKEN": "ghp_not_of_this_course"})
    assert settings_checks.keys(settings) == "LANGSMITH_API_KEY=lsv…gH"
    own = {"ANTHROPIC_API_KEY": "your-key-goes-here"}
    what = failure(lambda: settings_checks.keys(Settings("", "", own, own)))
    assert what == "ANTHROPIC_API_KEY is a placeholder (you…re), not a key"
    model_key = Settings("anthropic:claude", "", own, own)
    assert settings_checks.keys(model_key) == "no other is set or needed"


@pytest.mark.parametrize("name", settings_checks.TRACING)
def test_tracing_says_what_leaves_the_machine(name: str) -> None:
    on = {name: "true", "LANGSMITH_API_KEY": "k"}
    assert "are sent" in settings_checks.tracing(Settings("", "", {}, on))
    assert "not set" in failure(
        lambda: settings_checks.tracing(Settings("", "", {}, {name: "true"}))
    )
    for value in ("", "false"):
        assert "nothing is sent" in settings_checks.tracing(Settings("", "", {}, {name: value}))


def test_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_checks, "ENV_FILE", tmp_path / ".env")
    monkeypatch.delenv("LANE", raising=False)
    assert "the defaults hold" in settings_checks.settings_file()
    (tmp_path / ".env").touch()
    assert settings_checks.settings_file() == "deployment/.env is there"
    monkeypatch.setenv("LANE", "moon")
    with pytest.raises(CourseError, match="LANE='moon'"):
        settings_checks.settings_file()
