"""What the model says: first the results of its tools, then what was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from offline_model.answers import answer
from offline_model.grammar import understand
from offline_model.matching import targets, wanted_acts
from offline_model.prompt import Prompt, moment_of, task_of
from offline_model.wording import day, due_note, listed


def reply(prompt: Prompt) -> str:
    """Return the answer to the latest message: first what was done, then what was asked."""
    said = [_told(prompt)] if prompt.reports else []
    questions = understand(prompt.text, prompt.now).questions
    said += [answer(question, prompt) for question in questions]
    return "\n\n".join(filter(None, said)) or answer(prompt.text, prompt)


def _told(prompt: Prompt) -> str:
    sentences = []
    for kind, report in prompt.reports:
        lines = report.splitlines()
        refused = [line for line in lines if line.startswith("not saved")]
        if kind == "todo":
            sentences += [text for line in lines if (text := _change(line, prompt))]
            if report == "nothing changed":
                sentences.append(_nothing(prompt))
        if refused:
            sentences.append(f"I am sorry, something was {refused[0]}.")
    if not sentences:
        names = [
            v for a in wanted_acts("user", prompt, []) for f, v in a.fields.items() if f == "name"
        ]
        kinds = {kind for kind, _ in prompt.reports}
        if names:
            return f"Nice to meet you, {names[0]}."
        return (
            "Understood, I will keep to that."
            if "instructions" in kinds
            else "Thank you, good to know."
        )
    return " ".join(sentences)


def _change(line: str, prompt: Prompt) -> str:
    head = re.match(r"(added|changed|deleted) (?=\")", line)
    if not head:
        return ""
    try:
        name, end = json.JSONDecoder().raw_decode(line, head.end())
        if head[1] == "deleted":
            return f"I deleted “{name}” from your list."
        if head[1] == "added":
            return f"I added “{name}”{due_note(json.loads(line[end + 2 :]), prompt.now)}."
        return _changed(name, dict(_changes(line, end)), prompt.now)
    except (ValueError, TypeError):
        return line + "."


def _changes(line: str, position: int) -> Iterator[tuple[str, Any]]:
    while field := re.compile(r"[:;] (\w+) ").match(line, position):
        _, end = json.JSONDecoder().raw_decode(line, field.end())
        new, position = json.JSONDecoder().raw_decode(line, end + len(" -> "))
        yield field[1], new


def _changed(name: str, new: dict[str, Any], now: datetime) -> str:
    parts = []
    if "task" in new:
        parts.append(f"I renamed “{name}” to “{new['task']}”")
    if status := new.get("status"):
        parts.append(f"I marked “{name}” as {status}")
    if "deadline" in new:
        when = moment_of(new, now)
        parts.append(
            f"“{name}” is now due {day(when, now)}" if when else f"“{name}” has no deadline now"
        )
    if minutes := new.get("time_to_complete"):
        parts.append(f"“{name}” is now estimated at {minutes} minutes")
    if not parts:
        parts.append(f"I updated “{name}”")
    return listed(parts) + "."


def _nothing(prompt: Prompt) -> str:
    acts = wanted_acts("todo", prompt, prompt.todos)
    hits = [i for act in acts for i in targets(act, prompt, prompt.todos)]
    if hits:
        task = task_of(prompt.todos[hits[0]])
        return f"Nothing changed: “{task}” is on your list like that already."
    return "Nothing changed: I found no to-do on your list that matches."
