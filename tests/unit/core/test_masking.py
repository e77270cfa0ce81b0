"""What is shown of a secret, and what is a placeholder for one."""

from __future__ import annotations

import pytest

from course_helpers.core.masking import is_placeholder, mask_value


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("OPENAI_API_KEY", "sk-1234567890abcdef", "sk-…ef"),
        ("POSTGRES_PASSWORD", "hush", "…"),
        ("OPENAI_API_KEY", "", ""),
        (
            "DATABASE_URI",
            "postgresql://postgres:hush@host:5432/db",
            "postgresql://postgres:…@host:5432/db",
        ),
        ("REDIS_URI", "redis://:hush@langgraph-redis:6379/0", "redis://:…@langgraph-redis:6379/0"),
        ("HOSTS", "redis://:hush@one:1,redis://ann:hush@two:2", "redis://:…@two:2"),
        ("SENTRY_DSN", "https://hush@sentry.example/1", "https://…@sentry.example/1"),
        ("PG_DSN", "host=db password=hush user=ann", "host=db password=… user=ann"),
        ("PG_DSN", "password='hu sh' user=ann", "password=… user=ann"),
        ("A_URL", "redis://db:1/0?password=hush&ssl=1", "redis://db:1/0?password=…&ssl=1"),
        ("REDISCLI_AUTH", "hush", "…"),
        ("MYSQL_PWD", "hush", "…"),
        ("SMTP_PASS", "hush", "…"),
        ("PGPASSWORD", "hush", "…"),
        ("SIGN_PASSPHRASE", "hush", "…"),
        ("GOOGLE_CREDENTIALS", "hush", "…"),
        ("npm_config__auth", "hush", "…"),
        ("PATH", "/usr/bin", "/usr/bin"),
        ("MAIL", "ann@example.com", "ann@example.com"),
        ("PWD", "/app", "/app"),
        ("AUTHOR", "ann", "ann"),
        ("LANGGRAPH_AUTH_TYPE", "noop", "noop"),
        ("SSH_AUTH_SOCK", "/tmp/agent", "/tmp/agent"),
        ("GIT_ASKPASS", "/usr/bin/ask", "/usr/bin/ask"),
        ("MAX_TOKENS", "4096", "4096"),
        ("TASK_URL", "https://host:8000/a?b=c", "https://host:8000/a?b=c"),
    ],
)
def test_a_variable_may_be_read_out(name: str, value: str, shown: str) -> None:
    assert mask_value(name, value) == shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sk-...", True),
        ("<your key>", True),
        ("your-api-key-here", True),
        ("changeme", True),
        ("sk-xxxxxxxx", True),
        ("sk-proj-Q7uT2vB9cD4eF6gH", False),
        ("sk-ant-api03-R8sT1uV2wX3yZ", False),
        ("sk-proj-Q7uT2xXxcD4eF6gH", False),
    ],
)
def test_a_placeholder_is_not_a_key(value: str, expected: bool) -> None:
    assert is_placeholder(value) is expected
