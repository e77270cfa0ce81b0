"""Self-checks of lesson 04, Launch the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from course_helpers.checks.result import Result
from course_helpers.core.errors import CourseError
from course_helpers.core.markup import Rows
from course_helpers.core.settings import GRAPH
from course_helpers.lanes import Deployment
from course_helpers.practice.stack import PracticeStack
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import API, POSTGRES, REDIS, services
from course_helpers.stack.health import stack_findings
from course_helpers.stack.postgres import read_rows

PAGE = 1000  # documents read from the store


def redis_restarted(before: Any, after: Any) -> Result:
    """Redis, and only Redis, was restarted, and the table `store` lost no row.

    Args:
        before: how many rows the learner counted before.
        after: how many afterwards.
    """
    if before is ... or after is ...:
        return Result(False, "Did you put the two counts into rows_before and rows_after?")
    counts = [_number(before), _number(after)]
    if None in counts:
        return Result(False, "Is each of them a number, or what query() returned for count(*)?")
    try:
        started = {service.name: service.started for service in services()}
        real = _number(read_rows("select count(*) from store"))
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")
    if not started.keys() >= {API, POSTGRES, REDIS}:
        return Result(False, "Not every service has a container. Is the stack up?")
    if started[POSTGRES] > started[API]:
        return Result(False, "Postgres was started after the server. Which service was meant?")
    if started[REDIS] < started[API]:
        return Result(
            False,
            "The server was started after Redis, as whenever the whole stack starts. Did you "
            "restart Redis, and nothing else?",
        )
    if counts != [real, real]:
        return Result(
            False,
            f"The table store holds {real} rows; you counted {counts[0]} before and {counts[1]} "
            "after. Do both statements count all its rows?",
        )
    return Result(True, "Redis was restarted, and every row is where it was: in Postgres.")


def _number(counted: Any) -> int | None:
    """Return a count as a number: a plain one, or the only cell of `query`'s rows."""
    cells = [cell for row in counted for cell in row.values()] if isinstance(counted, Rows) else []
    text = str(cells[0] if len(cells) == 1 else counted)
    return int(text) if text.isdecimal() else None


async def todos_by_sql(server: Deployment, sql: Any, user_id: str) -> Result:
    """A statement that finds the to-dos of a user in all categories, and nobody else's.

    Args:
        server: what `connect()` returned: the rows are compared with those of its store API.
        sql: the learner's statement.
        user_id: whose to-dos.
    """
    if not isinstance(sql, str) or not sql.strip():
        return Result(False, "Did you put your statement, in quotes, into my_sql?")
    if sql.split()[0].lower() not in ("select", "with"):
        return Result(False, "This exercise only reads. Does your statement begin with select?")
    try:
        rows = read_rows(sql)
        tasks = await _tasks(server.client)
    except CourseError as error:
        return Result(False, error.what)
    return _compared(rows, tasks, user_id)


async def _tasks(client: LangGraphClient) -> list[tuple[str, str]]:
    """Return user and task of each to-do, as the server's store gives them."""
    found = await client.store.search_items(["todo"], limit=PAGE)
    return [(item["namespace"][-1], item["value"]["task"]) for item in found["items"]]


def _compared(rows: Sequence[dict[str, str]], tasks: list[tuple[str, str]], user: str) -> Result:
    wanted = [task for owner, task in tasks if owner == user]
    if not wanted:
        return Result(False, f"The store holds no to-do of {user}. Did you run the cell above?")
    if not rows:
        return Result(False, "It finds nothing. How does the column prefix name a user's to-dos?")
    cells = [" ".join(row.values()) for row in rows]
    foreign = [cell for cell in cells if not any(task in cell for task in wanted)]
    if foreign:
        return Result(
            False,
            f"{len(foreign)} of {len(rows)} rows show no to-do of {user}'s. Are they somebody "
            "else's, or is the task not among the columns?",
        )
    missing = [task for task in wanted if not any(task in cell for cell in cells)]
    if missing or len(rows) != len(wanted):
        return Result(
            False,
            f"It finds {len(rows)} of {user}'s {len(wanted)} to-dos. Does it search every "
            "category, and each only once?",
        )
    return Result(
        True, f"{len(rows)} rows in Postgres, and the same {len(rows)} from the store API."
    )


async def data_kept(practice: PracticeStack, task: str) -> Result:
    """A practice stack that runs again and has not lost its to-do.

    Args:
        practice: the stack whose server could not start.
        task: the to-do's text.
    """
    try:
        with practice:
            failed = [finding for finding in stack_findings() if not finding.ok]
    except CourseError as error:
        return Result(False, f"{error.what} {error.fix}")
    if failed:
        return Result(False, f"{failed[0].detail}. Who could give Postgres another one?")
    if missing_graphs(practice.url, [GRAPH]) != []:
        return Result(False, "Its server does not answer. Did you start it with practice.up()?")
    async with get_client(url=practice.url) as client:
        tasks = [found for _, found in await _tasks(client)]
    if task not in tasks:
        return Result(False, "The server runs, but the to-do is gone. Did you delete its volume?")
    return Result(True, "The server has a password that works, and the to-do is still there.")
