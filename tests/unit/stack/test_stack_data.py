"""What is told about images and the stack, from fixed answers of Docker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from course_helpers import container_environment, query
from course_helpers.core import masking
from course_helpers.core.errors import CourseError, DockerError
from course_helpers.images.layers import ImageView, Layer, _as_written, layers_html, megabytes
from course_helpers.stack import compose, health, postgres, redis, starting
from course_helpers.stack.containers import Service
from course_helpers.stack.health import service_finding, stack_findings, summary
from course_helpers.stack.logs import LONGEST, LogLine, LogLines, as_line, matches
from course_helpers.stack.redis import RedisMessages

EVIL = "<script>alert(1)</script>\x1b[31m"


def service(name: str = "langgraph-redis", **facts: Any) -> Service:
    known = {"image": "image", "state": "running", "health": "healthy"}
    return Service(name, "id", **{**known, **facts})


# --- How the stack is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "ok", "detail"),
    [
        (None, True, "not started"),
        (service(), True, "healthy"),
        (service(health=""), True, "running"),
        (service(health="starting"), True, "starting"),
        (service(state="exited"), True, "stopped"),
        (service(state="exited", health="unhealthy"), True, "stopped"),
        (service(restarts=2), True, "healthy, after Docker has restarted it"),
        (
            service(health="unhealthy"),
            False,
            "langgraph-redis is unhealthy, and its log does not say why",
        ),
        (
            service(state="exited", exit_code=137),
            False,
            "langgraph-redis was killed (exit code 137)",
        ),
    ],
)
def test_a_service_in_words(
    monkeypatch: pytest.MonkeyPatch, found: Service | None, ok: bool, detail: str
) -> None:
    monkeypatch.setattr(health, "read_log", lambda _: "")
    finding = service_finding("langgraph-redis", found)
    assert (finding.ok, finding.detail) == (ok, detail)
    assert bool(finding.fix) is not ok


def test_the_server_is_ready_when_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    starting = service("langgraph-api", health="starting")
    monkeypatch.setattr(health, "_answers", lambda: False)
    assert service_finding("langgraph-api", starting).detail == "starting"
    monkeypatch.setattr(health, "_answers", lambda: True)
    assert service_finding("langgraph-api", starting).detail == "ready"


def test_the_stack_in_one_line() -> None:
    assert summary(stack_findings([])) == "not running"
    names = ("langgraph-api", "langgraph-postgres", "langgraph-redis")
    ready = [service(name) for name in names]
    assert summary(stack_findings(ready)) == "3 services, all ready"
    assert summary(stack_findings(ready[:2])) == (
        "langgraph-api healthy, langgraph-postgres healthy, langgraph-redis not started"
    )


def test_what_is_said_before_ready_is_that_all_are_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("langgraph-api", "langgraph-postgres", "langgraph-redis")
    answers = iter([False, True])  # it begins to answer between two looks
    now = [service(names[0], health="starting"), service(names[1]), service(names[2])]
    monkeypatch.setattr(health, "_answers", lambda: next(answers))
    monkeypatch.setattr(starting, "services", lambda: now)
    monkeypatch.setattr(starting, "missing_graphs", lambda *_: [])
    monkeypatch.setattr(starting, "_POLL", 0)
    monkeypatch.setattr(
        starting.subprocess, "Popen", lambda *_, **__: SimpleNamespace(poll=lambda: 0)
    )
    starting.start(("up",), 10, ("task_maistro",))
    *_, before, ready = capsys.readouterr().out.splitlines()
    assert before == "3 services, all ready"
    assert ready.startswith("Ready after ")


def test_the_doctor_gets_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "read_log", lambda _: "")
    broken = service(state="exited", exit_code=137)
    monkeypatch.setattr(health, "services", lambda _timeout: [broken])
    with pytest.raises(CourseError) as raised:
        health.stack_state(1)
    finding = service_finding(broken.name, broken)
    assert (raised.value.what, raised.value.fix) == (finding.detail, finding.fix)


# --- Logs -------------------------------------------------------------------------------------


def test_lines_are_cut_cleaned_and_filtered() -> None:
    long = as_line("langgraph-api", "x" * 1_000_000)
    assert len(long.text) < LONGEST + 50
    assert long.text.endswith("… (1,000,000 characters)")
    assert as_line("langgraph-api", EVIL).text == "<script>alert(1)</script>"
    line = LogLine("langgraph-api", "Worker Started")
    assert matches(line)
    assert matches(line, "langgraph-api", "worker s")
    assert not matches(line, "langgraph-redis")
    assert not matches(line, "", "ended")
    assert repr(LogLines([line])) == "api      Worker Started"
    assert repr(LogLines()) == "no such line"


# --- Images -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("RUN /bin/sh -c pip install  x # buildkit", "RUN pip install x"),
        ("RUN |1 A=b /bin/sh -c make # buildkit", "RUN make"),
        ('/bin/sh -c #(nop)  CMD ["python"]', 'CMD ["python"]'),
        ("COPY a /b # buildkit", "COPY a /b"),
        ("", "(the operating system)"),
    ],
)
def test_a_step_as_it_was_written(told: str, written: str) -> None:
    assert _as_written(told) == written


def test_layers_as_a_picture() -> None:
    layers = (Layer("base", 200, "base"), Layer("ENV A=b", 0, "base"), Layer(EVIL, 100, "agent"))
    image = ImageView("an <image>", "abc", 300, "linux/amd64", layers)
    markup = layers_html(image)
    assert "<script" not in markup
    assert "an &lt;image&gt;" in markup
    assert markup.count('class="course-bar') == 2
    assert 'style="width:100.0%"' in markup
    assert 'style="width:50.0%"' in markup
    assert "2 layers with files, the oldest first, and 1 that only set something" in markup
    assert image.size_of("base") == 200
    assert repr(image).splitlines()[0] == "an <image>: 0.3 kB in 2 layers"
    assert [megabytes(size) for size in (400, 99_999, 152_900_000)] == [
        "0.4 kB",
        "100.0 kB",
        "152.9 MB",
    ]


# --- Evidence ---------------------------------------------------------------------------------


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
    assert masking.mask_value(name, value) == shown


def test_what_docker_does_not_tell_is_a_sentence(
    program: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("docker", "echo 'the engine is gone' >&2; exit 1")
    monkeypatch.setattr(compose, "container_of", lambda service: "id")
    with pytest.raises(DockerError):
        container_environment("langgraph-redis")


@pytest.mark.parametrize(
    ("sql", "typed"),
    [
        ("select 1", '"select 1"'),
        ("\n  select a->>'b'\n  from  t where a <> '';\n", "\"select a->>'b' from t where a <> '';\""),
        ('select "a",\n b', r'"select \"a\", b"'),
        ("select 1\nwhere a !~ 'b'", """'select 1 where a !~ '"'"'b'"'"''"""),
    ],
)  # fmt: skip
def test_a_statement_is_printed_on_one_line(sql: str, typed: str) -> None:
    assert postgres._typed(sql) == typed
    assert as_a_shell_reads(typed) == " ".join(sql.split())


@pytest.mark.parametrize(
    "sql",
    [
        "delete from t -- all of it?\nwhere a = 1",
        "delete from t /* it's\nold */ where a = 'b  c'",
        "select 'two  spaces'\nfrom t",
        "select 'two\nlines', 'it''s  two'",
        "select 'one'\n'word'",
        'select "two  spaces",\n"a" from t',
        "select $$a  b$$, `date`",
        "select E'\\n\\\\',\n'a' !~ '$HOME'",
    ],
)
def test_a_statement_that_its_lines_belong_to_is_printed_as_it_is(sql: str) -> None:
    assert as_a_shell_reads(postgres._typed(f"\n{sql}\n")) == sql


def as_a_shell_reads(typed: str) -> str:
    """Return the one argument that a shell gives to a program."""
    shell = ["bash", "-c", f"printf '%s\\0' {typed}"]
    (argument,) = subprocess.check_output(shell, text=True).split("\0")[:-1]
    return argument


def test_a_statement_is_run_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def run_in(*command: str) -> str:
        asked.append(command)
        return "n\n1\n"

    monkeypatch.setattr(postgres, "run_in", run_in)
    sql = "select 1 -- or 'two  spaces'\nas n"
    assert query(sql) == [{"n": "1"}]
    assert asked[0][-1] == sql
    assert f'-c "{sql}"\n' in capsys.readouterr().out


def collected(told: str) -> RedisMessages:
    """Return what is read of what redis-cli prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"print({told!r}, end='')"], stdout=subprocess.PIPE, text=True
    )
    seen = RedisMessages()
    redis._collect(process, seen)
    return seen


def test_messages_of_redis_are_read_in_fours() -> None:
    seen = collected("psubscribe\n*\n1\npmessage\n*\nrun:1\npsubscribe\npmessage\n*\nrun:2\n{}\n")
    assert seen.messages == [("run:1", "psubscribe"), ("run:2", "{}")]
    assert seen.on("2") == ["{}"]


@pytest.mark.parametrize("cut", ["pmessage\n", "pmessage\n*\n", "pmessage\n*\nrun:2\n"])
def test_a_message_that_is_cut_is_left_out(cut: str) -> None:
    seen = collected(f"psubscribe\n*\n1\npmessage\n*\nrun:1\n{{}}\n{cut}")
    assert seen.messages == [("run:1", "{}")]


# --- What a command ended with ----------------------------------------------------------------
