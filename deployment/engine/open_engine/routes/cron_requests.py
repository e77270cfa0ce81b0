"""What a client may send about crons: a run's request and a schedule, in UTC or a time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from open_engine.execution.run_request import RunRequest

Sortable = Literal[
    "cron_id",
    "assistant_id",
    "thread_id",
    "next_run_date",
    "end_time",
    "created_at",
    "updated_at",
]
Column = Literal[
    Sortable,
    "on_run_completed",
    "schedule",
    "timezone",
    "user_id",
    "payload",
    "metadata",
    "enabled",
]


def next_date(schedule: str, timezone: str | None = None) -> datetime:
    """Return when a schedule is due next, in UTC.

    Args:
        schedule: five fields as in crontab; a sixth stands for seconds, a seventh for years.
        timezone: the schedule's IANA time zone; None for UTC.

    Raises:
        ValueError: there is no such date.
    """
    now = datetime.now(ZoneInfo(timezone) if timezone else UTC)
    found: datetime = croniter(schedule, now).get_next(datetime)
    return found.astimezone(UTC)


def _check_schedule(schedule: str) -> str:
    try:
        next_date(schedule)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{schedule!r} is no cron schedule ({error}); '*/5 * * * *' is every five minutes"
        ) from None
    return schedule


def _check_timezone(timezone: str) -> str:
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{timezone!r} is no IANA time zone such as 'Europe/Paris'") from None
    return timezone


def _in_utc(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=UTC)


Schedule = Annotated[str, AfterValidator(_check_schedule)]


class CronCreate(RunRequest):
    """A cron to make: a run, and when."""

    model_config = ConfigDict(extra="ignore")

    schedule: Schedule
    timezone: Annotated[str, AfterValidator(_check_timezone)] | None = None
    end_time: Annotated[datetime, AfterValidator(_in_utc)] | None = None
    enabled: bool | None = None
    on_run_completed: Literal["delete", "keep"] | None = None


class CronChange(CronCreate):
    """What to change in a cron."""

    assistant_id: str | None = None  # a cron keeps its own
    schedule: Schedule | None = None  # type: ignore[assignment]


class CronCount(BaseModel):
    """Which crons to count."""

    assistant_id: UUID | None = None
    thread_id: UUID | None = None
    enabled: bool | None = None
    metadata: dict[str, Any] | None = None


class CronSearch(CronCount):
    """Which crons to return, and what of them."""

    limit: int = Field(10, ge=1, le=1000)
    offset: int = Field(0, ge=0)
    sort_by: Sortable = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"
    select: list[Column] | None = None
