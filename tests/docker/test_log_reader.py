"""Containers that really fail, and what the log reader makes of their last lines.

Each is an ordinary `docker run` that carries Compose's labels, as if it were a service of a stack.
What other tests provoke through the stack is not repeated; the logs of all the other failures are
kept in `tests/unit/stack/logs/`.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course_helpers.core.processes import run
from course_helpers.core.settings import load_settings
from course_helpers.images.names import base_image
from course_helpers.stack.containers import Service, find_services, read_log
from course_helpers.stack.log_reader import Reading, cause, explain
from tests.docker.helpers import docker
from tests.docker.project import IMAGE, PROJECT

NAME = f"{PROJECT}-logs"  # of the project and the network
API, POSTGRES, REDIS = "langgraph-api", "langgraph-postgres", "langgraph-redis"
ADDRESSES = {
    "DATABASE_URI": f"postgresql://postgres:x@{POSTGRES}:5432/postgres",
    "REDIS_URI": f"redis://{REDIS}:6379/0",
}
USERS = {API: "1000:1000", POSTGRES: "999:999", REDIS: "999:999"}
PGDATA = "/var/lib/postgresql/data"
OTHER = "initdb --no-sync -D $PGDATA/d >/dev/null; cd $PGDATA/d; echo 16 >PG_VERSION; postgres -D ."
GRAPH = """
from langgraph.graph import START, MessagesState, StateGraph

def answer(state):
    return {}

graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
"""


def image(service: str) -> str:
    variable = {POSTGRES: "POSTGRES_IMAGE", REDIS: "REDIS_IMAGE"}.get(service)
    return base_image(load_settings(), variable) if variable else IMAGE


def data(folder: str, options: str = "mode=0700,uid=999,gid=999") -> str:
    return f"--tmpfs={folder}:{options}"


def labels(service: str) -> list[str]:
    each = {"project": NAME, "service": service, "oneoff": "False"}
    return [f"--label=com.docker.compose.{key}={value}" for key, value in each.items()]


def found(service: str) -> Service:
    return next(each for each in find_services(NAME) if each.name == service)


def read(service: str) -> Reading:
    now = found(service)
    return explain(now, read_log(now.container))


def remove(*containers: str) -> None:
    if containers:
        docker("rm", "--force", "--volumes", *containers)


Create = Callable[..., str]


@pytest.fixture
def create() -> Iterator[Create]:
    """Yield a function that makes a service's container, and remove them all afterwards."""
    made: list[str] = []

    def make(service: str, *arguments: str, use: str = "", options: tuple[str, ...] = ()) -> str:
        set_up = (*labels(service), f"--user={USERS[service]}", "--env=HOME=/tmp", *options)
        made.append(docker("create", *set_up, use or image(service), *arguments))
        return made[-1]

    yield make
    remove(*made)


@pytest.fixture
def fail(create: Create) -> Callable[..., Reading]:
    """Return a function that runs a container to its end and says why it ended."""

    def run(service: str, *arguments: str, use: str = "", options: tuple[str, ...] = ()) -> Reading:
        container = create(service, *arguments, use=use, options=("--network=none", *options))
        docker("start", container)
        docker("wait", container)
        return read(service)

    return run


def test_an_image_of_the_wrong_kind(fail: Callable[..., Reading]) -> None:
    assert fail(API, use=image(POSTGRES)).name == "database's image"


def test_a_program_for_another_processor(create: Create, tmp_path: Path) -> None:
    arm = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\xb7\0\x01\0\0\0" + bytes(100)
    program = tmp_path / "program"
    program.write_bytes(arm)
    program.chmod(0o755)
    container = create(API, options=("--entrypoint=/program",))
    docker("cp", str(program), f"{container}:/program")
    docker("start", container)
    docker("wait", container)
    assert read(API).name == "other processor"


@pytest.mark.parametrize(
    ("command", "options", "name"),
    [
        ((), (), "no superuser password"),
        ((), (data(PGDATA, "size=8m,mode=0700,uid=999,gid=999"), "--env=POSTGRES_PASSWORD=x"), "disk full"),
        ((), (data(PGDATA, "mode=0755"), "--env=POSTGRES_PASSWORD=x"), "volume of another user"),
        (("sh", "-c", OTHER), (data(PGDATA),), "Postgres version"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_postgres(
    fail: Callable[..., Reading], command: tuple[str, ...], options: tuple[str, ...], name: str
) -> None:
    reading = fail(POSTGRES, *command, options=options)
    assert reading.name == name, reading
    assert reading.what.startswith("langgraph-postgres: ")


@pytest.mark.parametrize(
    ("command", "options", "name"),
    [
        (("redis-server", "--maxmemory", "lots"), (), "Redis option"),
        (("sh", "-c", "printf REDIS0099 >dump.rdb; exec redis-server"), (data("/data"),), "Redis version"),
        (("sh", "-c", "printf nonsense. >dump.rdb; exec redis-server"), (data("/data"),), "Redis damaged"),
        (("redis-server", "--appendonly", "yes"), (data("/data", "size=4k,uid=999"),), "disk full"),
        (("redis-server", "--appendonly", "yes"), (data("/data", "mode=0755"),), "volume of another user"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_redis(
    fail: Callable[..., Reading], command: tuple[str, ...], options: tuple[str, ...], name: str
) -> None:
    reading = fail(REDIS, *command, options=("--workdir=/data", *options))
    assert reading.name == name, reading
    assert reading.what.startswith("langgraph-redis: ")


def test_killed_or_stopped(create: Create) -> None:
    container = create(REDIS, options=("--network=none", data("/data")))
    ends = (("kill", "was killed"), ("stop", "has stopped without an error"))
    for times, (command, said) in enumerate(ends, start=1):
        docker("start", container)
        wait_for(lambda n=times: read_log(container).count("Ready to accept connections") == n)  # type: ignore[misc]
        docker(command, container)
        docker("wait", container)
        assert said in read(REDIS).what
        assert read(REDIS).name == ""


def test_what_docker_says_when_there_is_no_container() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        published = f"--publish=127.0.0.1:{other.getsockname()[1]}:80"
        commands = {
            "port taken": [published, IMAGE],
            "no image": ["--pull=never", f"{NAME}-missing"],
            "program not in image": ["--entrypoint=/no/such", IMAGE],
        }
        for name, arguments in commands.items():
            made = run(["docker", "create", *labels(API), *arguments], 60)
            failed = made if made.code else run(["docker", "start", made.out], 60)
            remove(*made.out.split())
            reading = cause(failed.err)
            assert reading is not None, failed
            assert reading.name == name


def test_what_docker_says_when_it_does_not_run() -> None:
    reading = cause(run(["docker", "--host=unix:///nowhere/docker.sock", "ps"], 30).err)
    assert reading is not None
    assert reading.name == "engine not running"


@pytest.fixture(scope="module")
def databases(made_images: None) -> Iterator[None]:
    """Run Postgres and Redis on a network of their own."""
    docker("network", "create", f"--label=com.docker.compose.project={NAME}", NAME)
    made: list[str] = []
    try:
        open_to_all = ["redis-server", "--protected-mode", "no"]
        for service, command in ((POSTGRES, []), (REDIS, open_to_all)):
            set_up = (*labels(service), f"--name={NAME}-{service}", f"--network-alias={service}")
            in_background = (
                "run",
                "--detach",
                f"--network={NAME}",
                f"--user={USERS[service]}",
                *set_up,
            )
            folder = PGDATA if service == POSTGRES else "/data"
            given = (data(folder), "--env=POSTGRES_PASSWORD=x", image(service), *command)
            made.append(docker(*in_background, *given))
        ready = ["docker", "exec", f"{NAME}-{POSTGRES}", "pg_isready", "--host=127.0.0.1"]
        wait_for(lambda: run(ready, 10).code == 0)
        yield
    finally:
        remove(*made)
        docker("network", "rm", NAME)


@pytest.fixture
def start(databases: None, create: Create, tmp_path: Path) -> Callable[..., str]:
    """Return a function that starts the server with a graph on the databases."""

    def run(graph: str = GRAPH, **addresses: str) -> str:
        graphs = json.dumps({"agent": "/deps/agent.py:graph"})
        given = {**ADDRESSES, **addresses, "LANGSERVE_GRAPHS": graphs}
        options = (f"--network={NAME}", *(f"--env={k}={v}" for k, v in given.items()))
        container = create(API, options=options)
        (tmp_path / "agent.py").write_text(graph)
        docker("cp", str(tmp_path / "agent.py"), f"{container}:/deps/agent.py")
        docker("start", container)
        return container

    return run


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"DATABASE_URI": "langgraph-postgres"}, "no Postgres address", "DATABASE_URI"),
        ({"REDIS_URI": "langgraph-redis:6379"}, "no Redis address", "REDIS_URI"),
        (
            {"graph": f"import socket\nbusy = socket.create_server(('', 8000))\n{GRAPH}"},
            "engine",
            "holds port 8000",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_the_server(start: Callable[..., str], given: dict[str, str], name: str, said: str) -> None:
    docker("wait", start(**given))
    reading = read(API)
    assert reading.name == name, reading
    assert said in reading.what


def test_a_server_that_loses_redis(start: Callable[..., str]) -> None:
    container = start()
    wait_for(lambda: "Application startup complete" in read_log(container))
    assert read(API).name == ""
    docker("kill", f"{NAME}-{REDIS}")
    wait_for(lambda: read(API).name == "Redis lost")
    docker("kill", container)
    docker("wait", container)
    assert "was killed" in read(API).what


def wait_for(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    """Wait until a condition holds; each look at a container takes its time."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "not in time"
