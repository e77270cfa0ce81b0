"""Dates and lists in words, and to-dos grouped by deadline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from offline_model.prompt import moment_of, task_of


def day(when: datetime, now: datetime) -> str:
    """Return a deadline in words: "Friday 6 March", with year or time where it matters."""
    text = f"{when:%A} {when.day} {when:%B}" + (f" {when.year}" if when.year != now.year else "")
    return text if (when.hour, when.minute) in ((23, 59), (0, 0)) else f"{text} at {when:%H:%M}"


def listed(items: list[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def is_open(todo: dict[str, Any]) -> bool:
    return todo.get("status") not in ("done", "archived")


def group_of(todo: dict[str, Any], now: datetime) -> str:
    """Return the heading under which a to-do is listed."""
    when = moment_of(todo, now)
    if not is_open(todo):
        return "Done" if todo["status"] == "done" else "Archived"
    if when is None:
        return "No deadline"
    if when < now:
        return "Overdue"
    days, sunday = (when.date() - now.date()).days, 6 - now.weekday()
    for limit, name in (
        (0, "Today"),
        (1, "Tomorrow"),
        (sunday, "This week"),
        (sunday + 7, "Next week"),
    ):
        if days <= limit:
            return name
    return "Later"


GROUPS = (
    "Overdue",
    "Today",
    "Tomorrow",
    "This week",
    "Next week",
    "Later",
    "No deadline",
    "Done",
    "Archived",
)


def line_of(todo: dict[str, Any], now: datetime) -> str:
    notes = []
    if when := moment_of(todo, now):
        notes.append(f"due {day(when, now)}")
    if todo.get("time_to_complete"):
        notes.append(f"{todo['time_to_complete']} minutes")
    if todo.get("status") == "in progress":
        notes.append("in progress")
    return task_of(todo) + (f" ({', '.join(notes)})" if notes else "")


def grouped(todos: list[dict[str, Any]], now: datetime) -> str:
    """Return to-dos under headings by deadline, the earliest first."""
    far = datetime.max.replace(tzinfo=now.tzinfo)
    ordered = sorted(todos, key=lambda todo: moment_of(todo, now) or far)
    blocks = []
    for name in GROUPS:
        lines = [f"- {line_of(todo, now)}" for todo in ordered if group_of(todo, now) == name]
        if lines:
            blocks.append("\n".join([f"{name}:", *lines]))
    return "\n\n".join(blocks)


def due_note(fields: dict[str, Any], now: datetime) -> str:
    when, minutes = moment_of(fields, now), fields.get("time_to_complete")
    notes = [f"due {day(when, now)}"] if when else []
    notes += [f"about {minutes} minutes"] if minutes else []
    return f", {', '.join(notes)}" if notes else ""
