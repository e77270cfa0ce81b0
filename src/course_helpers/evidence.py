"""What is really in the stack: rows, messages, a run's log, a container's environment."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice

from course_helpers.compose import (
    API,
    POSTGRES,
    REDIS,
    compose_command,
    compose_environment,
    services,
)
from course_helpers.containers import read_log
from course_helpers.core.docker import ask_docker
from course_helpers.core.errors import ServerError
from course_helpers.core.markup import Rows
from course_helpers.core.masking import mask_value
from course_helpers.core.settings import load_settings
from course_helpers.stack import run_in
from course_helpers.stack_logs import LogLines, as_line

WATCH_LIMIT = 120  # seconds after which Redis is no longer watched, whatever happens
READY = 10.0  # seconds for Redis to begin
RUN_LOG = 5000  # lines of the server's log in which a run is looked for
_LITERAL = re.compile(r"""'[^']*'(?:\s*'[^']*')*|"[^"]*\"""")


def query(sql: str) -> Rows:
    """Ask the stack's Postgres, and print the command that does the same in a terminal.

    Args:
        sql: one statement.

    Raises:
        DockerError: there is no Docker.
        ServerError: Postgres does not run, or does not understand the statement.
    """
    print(f"$ docker compose exec {POSTGRES} {' '.join(_login())} -c {_typed(sql)}")
    return read_rows(sql)


def _typed(sql: str) -> str:
    """Return a statement as an argument in a shell, on one line unless that would change it."""
    one_line = " ".join(sql.split())
    spaces_count = any(each != " ".join(each.split()) for each in _LITERAL.findall(sql))
    if spaces_count or re.search(r"--|/\*|[$\\]", sql):  # comments, other kinds of literals
        one_line = sql.strip()
    if "!" in one_line:  # which in "…" an interactive shell takes for its history's
        return shlex.quote(one_line)
    return '"' + re.sub(r'([\\"$`])', r"\\\1", one_line) + '"'


def read_rows(sql: str) -> Rows:
    """Return what the stack's Postgres answers, and print nothing.

    Args:
        sql: one statement.

    Raises:
        DockerError: there is no Docker.
        ServerError: Postgres does not run, or does not understand the statement.
    """
    options = ("--csv", "-v", "VERBOSITY=terse", "-c", sql)  # terse: an error is one line
    return Rows(csv.DictReader(io.StringIO(run_in(POSTGRES, *_login(), *options))))


def _login() -> tuple[str, ...]:
    database = load_settings().value("POSTGRES_DB", "task_maistro")
    return "psql", "-U", "postgres", "-d", database


def container_environment(service: str) -> Rows:
    """Return the variables that a service's container was given; secrets are shown masked.

    Args:
        service: for instance `langgraph-api`.

    Raises:
        DockerError: Docker does not answer.
        ServerError: the service has no container.
    """
    container = _container(service)
    print(f"$ docker inspect --format '{{{{json .Config.Env}}}}' $(docker compose ps -q {service})")
    given = json.loads(ask_docker("inspect", "--format", "{{json .Config.Env}}", container))
    pairs = sorted(line.partition("=")[::2] for line in given)
    return Rows({"variable": name, "value": mask_value(name, value)} for name, value in pairs)


def read_run_log(run_id: str) -> LogLines:
    """Return what the server has logged about one run, and print the command.

    A structured line names its run in a field of its own, which `read_logs` does not show.

    Args:
        run_id: the run's id.

    Raises:
        DockerError: Docker does not answer.
        ServerError: the server has no container.
    """
    print(f"$ docker compose logs --no-log-prefix {API} | grep {run_id}")
    raw = read_log(_container(API), RUN_LOG).splitlines()
    return LogLines(as_line(API, line) for line in raw if run_id in line)


def _container(service: str) -> str:
    container = next((s.container for s in services() if s.name == service), None)
    if container is None:
        raise ServerError(f"{service} has no container.", "make up")
    return container


@dataclass
class RedisMessages:
    """What was published in Redis while it was watched.

    Attributes:
        messages: channel and payload of each, in order.
    """

    messages: list[tuple[str, str]] = field(default_factory=list)
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)

    def on(self, part: str) -> list[str]:
        """Return the payloads of the channels whose name holds a text, for instance a run's id."""
        return [payload for channel, payload in self.messages if part in channel]


@contextmanager
def watch_redis() -> Iterator[RedisMessages]:
    """Collect all that is published in the stack's Redis while the block runs.

    In a terminal: `docker compose exec langgraph-redis redis-cli psubscribe '*'`.

    Raises:
        ServerError: Redis does not answer.
    """
    seen = RedisMessages()
    subscribe = ("timeout", str(WATCH_LIMIT), "redis-cli", "psubscribe", "*")
    process = subprocess.Popen(
        compose_command("exec", "-T", REDIS, *subscribe),
        env=compose_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
    )
    reader = threading.Thread(target=_collect, args=(process, seen), daemon=True)
    reader.start()
    try:
        if not seen._ready.wait(READY):
            raise ServerError(f"{REDIS} does not answer.", "look at: make logs")
        yield seen
    finally:
        with suppress(ServerError):  # ends redis-cli in the container too, at its next line
            run_in(REDIS, "redis-cli", "publish", "watch-ends", "")
        process.terminate()
        reader.join()


def _collect(process: subprocess.Popen[str], seen: RedisMessages) -> None:
    """Read what redis-cli prints: four lines a message: its kind, pattern, channel and payload."""
    assert process.stdout is not None
    with process:
        lines = (line.rstrip("\n") for line in process.stdout)
        for line in lines:
            if line == "psubscribe":
                seen._ready.set()
            elif line == "pmessage":
                message = list(islice(lines, 3))
                if len(message) == 3:  # fewer where the stream was cut
                    seen.messages.append((message[1], message[2]))
