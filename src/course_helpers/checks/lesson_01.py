"""Self-checks of lesson 01, Build task_maistro."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END
from pydantic import BaseModel, ValidationError

from course_helpers.checks.result import Result


def priority_todo(schema: Any) -> Result:
    """A to-do schema with a priority from 1 to 5, which old documents fit too.

    Args:
        schema: the learner's class.
    """
    if not (inspect.isclass(schema) and issubclass(schema, BaseModel)):
        return Result(False, "Did you put a class that inherits from ToDo in the place of the ...?")
    if not {"task", "deadline", "status"} <= schema.model_fields.keys():
        return Result(False, "Some fields of ToDo are missing. Does your class inherit from ToDo?")
    if "priority" not in schema.model_fields:
        return Result(False, "Is there a field called priority?")
    try:
        old = schema.model_validate({"task": "An old one"})
    except ValidationError:
        return Result(False, "A to-do without a priority is rejected. What is the default?")
    if getattr(old, "priority", None) != 3:
        return Result(False, "What should the priority be if the user did not give one?")
    return _refuses_wrong_ones(schema)


def _refuses_wrong_ones(schema: type[BaseModel]) -> Result:
    for wrong in (0, 9):
        with suppress(ValidationError):
            schema.model_validate({"task": "A new one", "priority": wrong})
            ask = "How does Field set limits?"
            return Result(False, f"A priority of {wrong} is accepted. {ask}")
    return Result(True, "Old to-dos get priority 3; 0 and 9 are rejected.")


def strict_router(route: Callable[[dict[str, Any]], Any]) -> Result:
    """A router that looks only at the first tool call.

    Args:
        route: the learner's function.
    """
    calls: list[Any] = [
        {"name": "UpdateMemory", "args": {"update_type": kind}, "id": kind}
        for kind in ("todo", "user")
    ]
    expected = {0: END, 1: "update_todos", 2: "update_todos"}
    for number, node in expected.items():
        message = AIMessage("", tool_calls=calls[:number])
        try:
            answer = route({"messages": [message]})
        except Exception as error:
            return Result(
                False, f"With {number} tool call(s) it raises {error!r}. Can the list be empty?"
            )
        if answer is ...:
            return Result(False, "It still returns the dots. What does route_message look at?")
        if answer != node:
            said = f"With {number} tool call(s) it returns {answer!r}."
            return Result(False, f"{said} Which node belongs to the first call, if there is one?")
    return Result(True, "Without a call the run ends, and of several calls only the first counts.")


async def patched_profile(update: Callable[[], Any]) -> Result:
    """A profile that trustcall has patched without losing a field.

    Args:
        update: the learner's async function.
    """
    answer = update()
    profile = await answer if inspect.isawaitable(answer) else answer
    if profile is ...:
        return Result(False, "The function still returns the dots. Part 3 shows the pattern.")
    if not isinstance(profile, BaseModel):
        return Result(False, f"It returns a {type(profile).__name__}. Which entry is the Profile?")
    facts = profile.model_dump()
    if facts.get("job") != "poet" or facts.get("name") != "Ada":
        return Result(
            False, "A known fact is gone. Did you pass the old profile to trustcall as existing?"
        )
    if "Rome" not in str(facts.get("location")):
        return Result(False, "The new place is missing. Did you pass the message to trustcall?")
    return Result(True, "Rome is new, and nothing else was lost.")
