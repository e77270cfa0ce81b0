"""The twelve faults of lesson 09, each with a function that causes it; `BrokenStack` undoes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from course_helpers.core.settings import GRAPH
from course_helpers.practice.broken_stack import DATA, BrokenStack
from course_helpers.stack.compose import API, POSTGRES, REDIS

_MODEL = {"TASK_MAISTRO_MODEL": "openai:gpt-4o"}
_OWN = "uid=999,gid=999,mode=0700"  # the databases' user
_OLD = "16"  # an older version of PostgreSQL than the stack's


@dataclass(frozen=True)
class Fault:
    """One way in which a stack breaks.

    Attributes:
        name: its name.
        notice: the first symptom that a user notices.
        sign: a part of the sentence with which the doctor or the log reader reports it, found in no
            other fault's sentence.
        hint: where to look.
        break_it: the function that causes it.
    """

    name: str
    notice: str
    sign: str
    hint: str
    break_it: Callable[[BrokenStack], None] = field(repr=False, compare=False)


def _port_taken(stack: BrokenStack) -> None:
    stack.remove(API)
    stack.hold_port()


def _key_missing(stack: BrokenStack) -> None:
    stack.change(API, environment={**_MODEL, "OPENAI_API_KEY": ""})


def _key_a_placeholder(stack: BrokenStack) -> None:
    stack.change(API, environment={**_MODEL, "OPENAI_API_KEY": "sk-your-key-here"})


def _wrong_database_uri(stack: BrokenStack) -> None:
    password = "${POSTGRES_PASSWORD}"  # substituted by Compose
    uri = f"postgresql://postgres:{password}@{POSTGRES}:5432/task_mastro"
    stack.change(API, environment={"DATABASE_URI": uri})


def _postgres_down(stack: BrokenStack) -> None:
    stack.kill(POSTGRES)


def _redis_down(stack: BrokenStack) -> None:
    stack.kill(REDIS)


def _image_missing(stack: BrokenStack) -> None:
    stack.remove(API)
    stack.set("API_IMAGE", "task-mastro")


def _graph_path_wrong(stack: BrokenStack) -> None:
    graphs = {GRAPH: "./task_mastro.py:graph"}
    stack.change(API, environment={"LANGSERVE_GRAPHS": json.dumps(graphs)})


def _import_error(stack: BrokenStack) -> None:
    image = stack.make_image(f"RUN sed -i '/^from __future__/a import pandas' {GRAPH}.py")
    stack.change(API, image=image)


def _memory_limit(stack: BrokenStack) -> None:
    stack.change(API, mem_limit="48m", memswap_limit="48m")


def _disk_full(stack: BrokenStack) -> None:
    volume = stack.make_volume("size=8m", _OWN)
    stack.change(POSTGRES, volumes=[f"{volume}:{DATA}"])


def _stale_volume(stack: BrokenStack) -> None:
    volume = stack.make_volume()
    stack.run_in_volume(f"echo {_OLD} >PG_VERSION; touch postgresql.conf")
    stack.change(POSTGRES, volumes=[f"{volume}:{DATA}"])


FAULTS = {
    each.name: each
    for each in (
        Fault(
            "port taken",
            "the server is gone, and does not come back.",
            "held by",
            "What listens on the port that the server wants?",
            _port_taken,
        ),
        Fault(
            "key missing",
            "every service runs, and the agent does not answer.",
            "_KEY, which is not set",
            "Which model is the agent told to use, and what does that model need?",
            _key_missing,
        ),
        Fault(
            "key a placeholder",
            "every service runs, and the agent does not answer.",
            "is a placeholder",
            "Look at the variables that the server's container was given.",
            _key_a_placeholder,
        ),
        Fault(
            "wrong database URI",
            "the server does not start.",
            "Postgres has no database",
            "Postgres is well. What does the server ask it for?",
            _wrong_database_uri,
        ),
        Fault(
            "Postgres down",
            "the server no longer answers what it is asked.",
            "langgraph-postgres was killed",
            "Which containers do not run, and with which exit code did they end?",
            _postgres_down,
        ),
        Fault(
            "Redis down",
            "an answer that took a second takes half a minute, or does not come.",
            "langgraph-redis was killed",
            "Which containers do not run, and with which exit code did they end?",
            _redis_down,
        ),
        Fault(
            "image missing",
            "the server is gone, and does not come back.",
            "there is no image",
            "Compare the image that the settings name with those on this computer.",
            _image_missing,
        ),
        Fault(
            "graph path wrong",
            "the server does not start.",
            "there is no file",
            "The last line of the server's log names what it looks for.",
            _graph_path_wrong,
        ),
        Fault(
            "import error",
            "the server does not start.",
            "the graph cannot be imported",
            "The last line of the server's log says what the graph asks for.",
            _import_error,
        ),
        Fault(
            "memory limit",
            "the server does not start.",
            "more memory than its limit",
            "The log ends in the middle. With which exit code did the container end?",
            _memory_limit,
        ),
        Fault(
            "disk full",
            "Postgres does not start.",
            "the disk is full",
            "What could Postgres not do, by its log, and how large is its volume?",
            _disk_full,
        ),
        Fault(
            "stale volume",
            "Postgres does not start.",
            "made by another version of PostgreSQL",
            "What does Postgres' log say of the files in its volume?",
            _stale_volume,
        ),
    )
}
