"""Healing a tool call that trustcall's validation refused.

The error holds all that is needed: the id of the call, what was wrong, and the schema.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from offline_model.prompt import text_of
from offline_model.schema import Schema, default, fit, nearest

Call = tuple[str, dict[str, Any]]  # tool name, arguments


def repair(messages: list[BaseMessage], now: datetime) -> Iterator[Call]:
    """Yield the call that heals a tool call which trustcall's validation refused."""
    error = next((m for m in reversed(messages) if isinstance(m, ToolMessage)), None)
    text = text_of(error) if error else ""
    ids = re.findall(r"json_doc_id=\[([^\]\n]*)\]", text)
    call_id = ids[-1] if ids else (error.tool_call_id if error else "")
    if text.startswith("Unrecognized tool name"):
        yield "PatchFunctionName", _better_name(call_id, text)
        return
    calls = [call for m in messages if isinstance(m, AIMessage) for call in m.tool_calls]
    args: dict[str, Any] = next(
        (call["args"] for call in reversed(calls) if call["id"] == call_id), {}
    )
    edits = _healing(args, _error_schema(text), text, now)
    plan = "; ".join(f"{edit['op']} {edit['path']}" for edit in edits) or "none"
    yield "PatchFunctionErrors", {"json_doc_id": call_id, "planned_edits": plan, "patches": edits}


def _better_name(call_id: str, text: str) -> dict[str, Any]:
    wrong = re.search(r'Unrecognized tool name: "([^"\n]*)"', text)
    listed = re.search(r"following tools: ([^.\n]*)", text)
    names = [n for n in (listed[1].split(", ") if listed else []) if not n.startswith("Patch")]
    near = nearest(wrong[1] if wrong else "", names)
    name = near if near in names else (names or [None])[0]
    reasons = ["The error names an unknown tool.", f"{name} is the nearest tool that exists."]
    return {"json_doc_id": call_id, "reasoning": reasons, "fixed_name": name}


def _error_schema(text: str) -> Schema:
    block = text.partition("Expected Parameter Schema:\n\n```json\n")[2].rpartition("\n```")[0]
    try:
        schema = literal_eval(block)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return schema if isinstance(schema, dict) else {}


def _healing(
    args: dict[str, Any], schema: Schema, text: str, now: datetime
) -> list[dict[str, Any]]:
    fields = schema.get("properties", {})
    fitted = fit(args, schema | {"type": "object"}, schema, now) if fields else args
    for name in set(re.findall(r"^(\w+)(?:\.[\w.]+)?$", text, re.M)) & set(fields):
        if name in fitted and fitted[name] == args.get(
            name
        ):  # refused by a rule outside the schema
            fitted[name] = default(fields[name], schema, now)
    edits = []
    for name in dict.fromkeys([*args, *fitted]):
        path = "/" + str(name).replace("~", "~0").replace("/", "~1")
        if name not in fitted:
            edits.append({"op": "remove", "path": path, "value": None})
        elif (
            name not in args
            or args[name] != fitted[name]
            or type(args[name]) is not type(fitted[name])
        ):
            edits.append(
                {"op": "replace" if name in args else "add", "path": path, "value": fitted[name]}
            )
    return edits
