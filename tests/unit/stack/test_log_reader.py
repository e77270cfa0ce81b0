"""From a container's state and last lines to one sentence.

The logs in `tests/unit/stack/logs/` are real; how each was made, its README says.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_helpers.stack.containers import Service
from course_helpers.stack.log_patterns import PATTERNS
from course_helpers.stack.log_reader import cause, explain

LOGS = Path(__file__).parent / "logs"
DEAD = Service("langgraph-api", "id", "image", "exited", exit_code=1)
SICK = Service("langgraph-api", "id", "image", "running", "unhealthy")

# fmt: off
# Log -> the failure's name, and words of the sentence and its fix.
ENDED = {
    "api-address-in-use": ("engine", "holds port 8000", "make images up"),
    "api-exception-at-import": (
        "engine",
        "KeyError: 'region' (/deps/",
        "line 374)",
        "make images up",
    ),
    "api-exec-format-error": ("other processor", "another kind of processor", "make images"),
    "api-graph-file-missing": (
        "engine",
        "there is no file /deps/outer-deployment/src/maistro.py",
        "langgraph.json",
    ),
    "api-graphs-empty": ("engine", "LANGSERVE_GRAPHS is empty", "deployment/langgraph.json"),
    "api-graphs-malformed": (
        "engine",
        "LANGSERVE_GRAPHS is not JSON",
        "{task",
        "deployment/langgraph.json",
    ),
    "api-image-is-postgres": ("database's image", "not the agent's", "API_IMAGE=task-maistro"),
    "api-image-is-redis": ("database's image", "not the agent's", "API_IMAGE=task-maistro"),
    "api-key-missing-environ": (
        "key missing",
        "TAVILY_API_KEY is not set",
        "task_maistro.py, line 374",
        "deployment/.env: TAVILY_API_KEY=…",
    ),
    "api-key-missing-openai": (
        "key missing",
        "OPENAI_API_KEY is not set",
        "task_maistro.py, line 374",
        "deployment/.env: OPENAI_API_KEY=…",
    ),
    "api-name-not-in-package": (
        "name not in package",
        "cannot import name 'ThinkingMessage'",
        "task_maistro.py, line 373",
        "a version of langchain_core",
    ),
    "api-no-database-uri": ("engine", "DATABASE_URI is not set", "make up"),
    "api-old-langchain-core": (
        "package of another version",
        "No module named 'langgraph_sdk.runtime'",
        "langchain-core",
    ),
    "api-package-missing": (
        "package missing",
        "No module named 'pandas'",
        "task_maistro.py, line 373",
        "deployment/requirements.txt",
    ),
    "api-permission-denied": ("permission", "/etc/shadow (/deps/", "/tmp"),
    "api-postgres-foreign": (
        "engine",
        "'shop' belongs to another program (it holds customers)",
        "POSTGRES_DB",
    ),
    "api-postgres-host-unknown": (
        "database host unknown",
        "no host langgraph-postgress, where Postgres",
        "langgraph-postgres,",
    ),
    "api-postgres-is-redis": (
        "database not answering",
        "Postgres does not answer at langgraph-redis:6379",
        "make up",
    ),
    "api-postgres-localhost": (
        "database on localhost",
        "localhost:5432, which in a container is",
        "langgraph-postgres",
    ),
    "api-postgres-no-database": ("engine", "no database 'task_master'", "POSTGRES_DB"),
    "api-postgres-not-a-uri": (
        "no Postgres address",
        "DATABASE_URI is not an address",
        "postgresql://",
    ),
    "api-postgres-wrong-password": (
        "engine",
        "Postgres refuses the password",
        "make down VOLUMES=1",
    ),
    "api-postgres-wrong-port": ("database not answering", "langgraph-postgres:5433", "make up"),
    "api-read-only": ("read-only", "writes to notes.txt", "task_maistro.py, line 373", "/tmp"),
    "api-redis-host-unknown": (
        "database host unknown",
        "no host langgraph-rediss, where Redis",
        "langgraph-redis",
    ),
    "api-redis-is-postgres": (
        "database not answering",
        "Redis does not answer at langgraph-postgres:5432",
        "make up",
    ),
    "api-redis-localhost": (
        "database on localhost",
        "localhost:6379, which in a container is",
        "langgraph-redis",
    ),
    "api-redis-not-a-uri": ("no Redis address", "REDIS_URI is not an address", "redis://"),
    "api-redis-wrong-password": ("engine", "Redis refuses the password", "make up"),
    "api-redis-protected": ("Redis without a password", "has no password", "docker-compose.yml"),
    "api-syntax-error": (
        "syntax",
        "SyntaxError: invalid syntax",
        "task_maistro.py, line 373",
        "make images up",
    ),
    "api-too-many-at-start": ("too many clients", "no connection left", "fewer servers"),
    "api-trace-in-event": ("syntax", "SyntaxError: invalid syntax", "make images up"),
    "api-windows-line-ends": ("Windows line ends", "cannot run /prog", "LF"),
    "api-wrong-variable": (
        "variable not in graph",
        "no variable agent in /deps/outer-deployment/src/task_maistro.py",
        "langgraph.json",
    ),
    "client-postgres-localhost": (
        "Postgres unreachable",
        "127.0.0.1:5432: Connection refused",
        "langgraph-postgres",
    ),
    "client-postgres-wrong-password": (
        "Postgres password",
        "refuses the password",
        "deployment/.env",
    ),
    "client-redis-localhost": (
        "Redis unreachable",
        "127.0.0.1:6379: Connection refused",
        "langgraph-redis",
    ),
    "postgres-control-file": ("Postgres damaged", "damaged or incomplete", "backup", "VOLUMES=1"),
    "postgres-control-file-missing": ("Postgres damaged", "damaged or incomplete", "backup"),
    "postgres-disk-full": ("disk full", "the disk is full", "docker system prune"),
    "postgres-disk-full-later": ("disk full", "the disk is full", "docker system prune"),
    "postgres-disk-full-running": ("disk full", "the disk is full", "docker system prune"),
    "postgres-lock-file": ("Postgres lock file", "postmaster.pid", "docker ps"),
    "postgres-no-configuration": ("Postgres damaged", "damaged or incomplete", "VOLUMES=1"),
    "postgres-no-password": ("no superuser password", "POSTGRES_PASSWORD is empty", "make up"),
    "postgres-not-empty": ("volume not empty", "but no database", "VOLUMES=1"),
    "postgres-not-writable": ("volume of another user", "belongs to another user", "VOLUMES=1"),
    "postgres-open-permissions": ("volume of another user", "belongs to another user", "VOLUMES=1"),
    "postgres-other-version": (
        "Postgres version",
        "another version of PostgreSQL (16, this is 17)",
        "POSTGRES_IMAGE",
    ),
    "postgres-read-only": ("volume read-only", "volume is read-only", "docker-compose.yml"),
    "postgres-wal-missing": ("Postgres damaged", "damaged or incomplete", "backup"),
    "postgres-wrong-owner": ("volume of another user", "belongs to another user", "VOLUMES=1"),
    "postgres-wrong-ownership": ("volume of another user", "belongs to another user", "VOLUMES=1"),
    "quoted-act1-entertainment-53": ("variable missing", "REDIS_URI is not set", "make up"),
    "quoted-langchain-academy-95": (
        "licence",
        "no valid key",
        "LANGSMITH_API_KEY",
        "BASE_IMAGE empty",
    ),
    "quoted-langgraph-2937": ("licence not checked", "cannot reach LangSmith", "BASE_IMAGE empty"),
    "quoted-langgraph-3059": ("migration", "of another version", "VOLUMES=1"),
    "quoted-langgraph-3457": ("other processor", "another kind of processor", "make images"),
    "quoted-langgraph-studio-202": ("other processor", "another kind of processor", "make images"),
    "quoted-langgraph-studio-219": ("licence", "no valid key", "LANGGRAPH_CLOUD_LICENSE_KEY"),
    "quoted-langgraph-studio-58": ("migration", "cannot migrate them", "VOLUMES=1"),
    "quoted-langgraphjs-examples-11": ("licence", "no valid key", "LANGSMITH_API_KEY"),
    "quoted-monitoror-403": ("other processor", "another kind of processor", "make images"),
    "redis-aof-damaged": ("Redis damaged", "damaged or incomplete", "task-maistro_redis-data"),
    "redis-aof-file-missing": ("Redis damaged", "damaged or incomplete", "task-maistro_redis-data"),
    "redis-disk-full": ("disk full", "the disk is full", "docker system prune"),
    "redis-disk-full-at-start": ("disk full", "the disk is full", "docker system prune"),
    "redis-cannot-save": ("disk full", "the disk is full", "docker system prune"),
    "redis-newer-rdb": (
        "Redis version",
        "another version of Redis (its format is 99)",
        "REDIS_IMAGE",
    ),
    "redis-newer-rdb-in-aof": (
        "Redis version",
        "another version of Redis (its format is 99)",
        "REDIS_IMAGE",
    ),
    "redis-rdb-cut": ("Redis damaged", "damaged or incomplete", "task-maistro_redis-data"),
    "redis-rdb-nonsense": ("Redis damaged", "damaged or incomplete", "task-maistro_redis-data"),
    "redis-wrong-argument": ("Redis option", "option no-such-option 1", "docker-compose.yml"),
    "redis-wrong-owner": ("volume of another user", "belongs to another user", "VOLUMES=1"),
    "redis-wrong-value": ("Redis option", 'option maxmemory "lots"', "docker-compose.yml"),
}
# What Compose or a build printed, before there was a container.
PRINTED = {
    "build-langchain-core-conflict": ("requirements contradict", "langgraph>=1.2 and langchain-core==0.3.79", "deployment/requirements.txt"),
    "compose-bad-port": ("no port", "99999999 is no port", "API_PORT=8123"),
    "compose-dependency-failed": ("dependency failed", "task-maistro-langgraph-postgres-1 exited (0)", "make logs"),
    "compose-engine-not-running": ("engine not running", "no Docker engine answers", "start Docker Desktop"),
    "compose-image-missing": ("no image", "no image task-maistro-elsewhere here", "make images"),
    "compose-image-not-pulled": ("no registry", "no registry answers", "make images"),
    "compose-image-without-program": ("program not in image", "no program python", "API_IMAGE"),
    "compose-no-password": ("no passwords", "no passwords yet", "make up"),
    "compose-no-plugin": ("no Compose", "no Compose plugin", "docker-compose-plugin"),
    "compose-not-permitted": ("no right to Docker", "no right to Docker's socket", "usermod"),
    "compose-port-allocated": ("port taken", "port 8123 is held", "API_PORT=8124"),
    "compose-port-taken": ("port taken", "port 8123 is held", "API_PORT=8124"),
    "quoted-docker-arkime-23": ("Compose too old", "too old to read", "docker-compose-plugin"),
    "quoted-docker-library-postgres": ("no superuser password", "POSTGRES_PASSWORD is empty", "make up"),
    "quoted-epa-deployment-36": ("Compose too old", "too old to read", "docker-compose-plugin"),
    "quoted-hub-feedback-2429": ("too many pulls", "pull no more", "docker login"),
    "quoted-langgraph-example-21": ("Docker not in WSL", "no Docker engine", "WSL integration"),
    "quoted-langgraph-studio-4": ("Docker too old", "too old", "update Docker"),
    "quoted-langgraphjs-1334": ("Docker too old", "too old", "update Docker"),
    "quoted-self-hosted-ai-starter-kit-68": ("Compose too old", "too old to read", "docker-compose-plugin"),
    "quoted-storj-exporter-26": ("Compose too old", "too old to read", "docker-compose-plugin"),
}
# Failures of a running container, which are never the reason why one has ended.
RUNNING = {
    "api-postgres-lost": ("Postgres lost", "has lost Postgres", "make up"),
    "api-read-only-in-a-run": ("read-only", "writes to notes.txt", "/tmp"),
    "api-redis-cannot-write": ("Redis cannot write", "cannot save", "disk full"),
    "api-redis-full": ("Redis full", "memory limit", "maxmemory"),
    "api-redis-lost": ("Redis lost", "has lost Redis", "make up"),
    "api-too-many-clients": ("too many clients", "no connection left", "fewer servers"),
    "postgres-too-many-clients": ("too many clients", "no connection left", "fewer servers"),
    "quoted-react-agent-20": ("blocking call", "os.path.abspath", "asyncio.to_thread"),
}
# Failures that the course does not know, and the last line, which is shown instead.
UNKNOWN = {
    "api-node-exception": "error: Run failed: RuntimeError: the weather service does not answer",
    "api-stopped": "error: Run failed: RuntimeError: the weather service does not answer",
    "postgres-stopped": "LOG: database system is shut down",
    "quoted-langgraph-5754": "Traceback (most recent call last):",
    "quoted-langgraph-studio-247": 'HTTP Request: GET http://localhost:5556/ok "HTTP/1.1 200 OK"',
    "redis-stopped": "Redis is now ready to exit, bye bye...",
}
# fmt: on


def read(name: str) -> str:
    lines = (LOGS / f"{name}.log").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("# Quoted from"))


def service(log: str, like: Service) -> Service:
    name = next((n for n in ("postgres", "redis") if log.startswith(n)), "api")
    return Service(f"langgraph-{name}", "id", "image", like.state, like.health, like.exit_code)


def test_no_log_and_no_pattern_is_forgotten() -> None:
    tables = (ENDED, PRINTED, RUNNING, UNKNOWN)
    assert sorted(path.stem for path in LOGS.glob("*.log")) == sorted(n for t in tables for n in t)
    tested = {row[0] for table in (ENDED, PRINTED, RUNNING) for row in table.values()}
    assert {pattern.name for pattern in PATTERNS} == tested


@pytest.mark.parametrize("log", ENDED)
def test_why_a_container_has_ended(log: str) -> None:
    name, *words = ENDED[log]
    dead = service(log, DEAD)
    reading = explain(dead, read(log))
    assert reading.name == name
    assert reading.what.startswith(f"{dead.name}: ")
    assert all(word in f"{reading.what}\n{reading.fix}" for word in words), reading
    assert not reading.what.endswith((".", "?", ":", " "))


@pytest.mark.parametrize("log", PRINTED)
def test_why_there_is_no_container(log: str) -> None:
    name, *words = PRINTED[log]
    reading = cause(read(log))
    assert reading is not None
    assert reading.name == name
    assert all(word in f"{reading.what}\n{reading.fix}" for word in words), reading


@pytest.mark.parametrize("log", RUNNING)
def test_what_a_running_container_suffers_from(log: str) -> None:
    name, *words = RUNNING[log]
    reading = explain(service(log, SICK), read(log))
    assert reading.name == name
    assert all(word in f"{reading.what}\n{reading.fix}" for word in words), reading


@pytest.mark.parametrize("log", RUNNING)
def test_what_a_running_container_suffers_from_is_not_why_it_ended(log: str) -> None:
    reading = explain(service(log, DEAD), read(log))
    assert reading.name == ""
    assert "the course does not know why" in reading.what


@pytest.mark.parametrize("log", UNKNOWN)
@pytest.mark.parametrize("like", [DEAD, SICK])
def test_what_nobody_knows_is_shown(log: str, like: Service) -> None:
    reading = explain(service(log, like), read(log))
    assert reading.name == ""
    assert 1 <= len(reading.lines) <= 5
    assert reading.lines[-1].endswith(UNKNOWN[log])
    assert reading.fix == "look at: make logs"
    assert (
        "does not know why; its last word: " if like is DEAD else "does not say why"
    ) in reading.what


@pytest.mark.parametrize("path", sorted(LOGS.iterdir()), ids=lambda path: path.stem)
def test_the_logs_hold_no_secrets(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\bsk-\w{8}|lsv2_\w|://[^:/\s]*:(?!a-password@)[^@/\s]+@", text)
    assert not re.search(r"/(?:root|home|Users|mnt|tmp)/\w", text)
    assert path.stem.startswith("quoted-") == text.startswith("# Quoted from https://github.com/")


def test_the_last_cause_counts() -> None:
    log = "engine: First. To fix it: a.\nengine: Second. To fix it: b.\nnothing of interest\n"
    reading = explain(DEAD, log)
    assert reading.what == "langgraph-api: Second"
    assert reading.fix == "b"
    assert reading.lines == ("engine: Second. To fix it: b.",)
    assert explain(DEAD, f"{read('redis-newer-rdb')}\n{log}").what == "langgraph-api: Second"
    assert explain(DEAD, f"{log}\n{read('redis-newer-rdb')}").name == "Redis version"


def test_a_database_says_what_it_is_only_in_its_own_log() -> None:
    for kind in ("redis", "postgres"):
        own = Service(f"langgraph-{kind}", "id", "image", "exited", exit_code=1)
        assert explain(own, read(f"api-image-is-{kind}")).name != "database's image"


def test_memory_is_told_from_the_state_not_the_log() -> None:
    big = Service("s", "i", "m", "running", out_of_memory=True, memory_limit=64 << 20)
    reading = explain(big, "engine: All is well. To fix it: do nothing.")
    assert "s was ended because it used more memory than its limit (64 MiB)" in reading.what
    assert "raise mem_limit of s in deployment/docker-compose.yml" in reading.fix
    assert (
        "(this computer's)"
        in explain(big.__class__("s", "i", "m", "exited", out_of_memory=True), "").what
    )


def test_who_was_killed_did_not_see_it_coming() -> None:
    killed = Service("s", "i", "m", "exited", exit_code=137)
    for log in ("", read("api-read-only-in-a-run"), read("api-redis-lost")):
        reading = explain(killed, log)
        assert reading.what == "s was killed (exit code 137)"
        assert "make up" in reading.fix


def test_a_crash() -> None:
    crashed = Service("s", "i", "m", "exited", exit_code=139)
    assert explain(crashed, "").what == (
        "s crashed (segmentation fault), and the course does not know why; it printed nothing"
    )


@pytest.mark.parametrize(
    "log", ["api-stopped", "postgres-stopped", "redis-stopped", "api-redis-lost"]
)
def test_who_was_stopped_did_not_fail(log: str) -> None:
    stopped = Service("s", "i", "some/image", "exited", exit_code=0)
    reading = explain(stopped, read(log))
    assert reading.what == "s has stopped without an error"
    assert "some/image" in reading.fix


def test_one_that_is_started_again_and_again_has_ended() -> None:
    again = Service("s", "i", "m", "running", "starting", exit_code=1, restarts=2)
    assert "ended with code 1" in explain(again, read("api-redis-lost")).what
    assert explain(again, read("api-graphs-empty")).name == "engine"


def test_states_in_words() -> None:
    assert str(Service("s", "i", "m", "running", "healthy")) == "healthy"
    assert str(Service("s", "i", "m", "running")) == "running"
    assert str(Service("s", "i", "m", "exited", exit_code=3)) == "exited with code 3"
    assert Service("s", "i", "m", "running", "healthy", restarts=1).failed
    assert not Service("s", "i", "m", "exited").failed  # stopped by somebody
    assert not Service("s", "i", "m", "running", "starting").ready
