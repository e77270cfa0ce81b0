"""Convert a value to one that fits a JSON schema.

`fit` has two uses: a repair converts tool arguments that were rejected, and structured output
converts the text of the message, field by field.
"""

import re
from ast import literal_eval
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from offline_model.dates import find_dates
from offline_model.grammar import understand
from offline_model.phrases import STATUSES
from offline_model.prompt import MAX_CHARS, read_dict, text_of

Schema = dict[str, Any]
Call = tuple[str, dict[str, Any]]  # tool name, arguments


def fit(value: Any, schema: Schema, root: Schema, now: datetime, name: str = "") -> Any:
    """Return the value of a field, converted so that it fits the field's schema."""
    options = _options(schema, root)
    optional = "default" in schema or {"type": "null"} in options
    fitted = None if optional and value is None else _fit(value, options[0], root, now, name)
    default = schema.get("default") if optional else _simplest(options[0], now)
    return default if fitted is None else fitted


def _options(schema: Schema, root: Schema) -> list[Schema]:
    """Return the alternatives of a schema (itself if it has none), with references resolved."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return _options(root.get("$defs", {}).get(name, {}), root)
    return [o for each in schema.get("anyOf", []) for o in _options(each, root)] or [schema]


def _fit(value: Any, schema: Schema, root: Schema, now: datetime, name: str) -> Any:
    kind, text = schema.get("type"), value[:MAX_CHARS] if isinstance(value, str) else ""
    if kind == "object":
        return _object(value, schema, root, now)
    if "enum" in schema:
        return next(iter(_named(str(value), schema["enum"])), None)
    if kind == "array":
        item = _options(schema.get("items", {}), root)[0]
        items = value if isinstance(value, list) else _named(text, item.get("enum", []))
        return [fit(each, item, root, now) for each in items]
    if kind == "boolean":
        return value if isinstance(value, bool) else name.lower() in text.lower()
    if kind in ("integer", "number"):
        digits = re.search(r"\d{1,15}", text)
        number = int(digits[0]) if digits else None
        return value if isinstance(value, (int, float)) else number and _within(number, schema)
    if "format" in schema:
        dates = [date.when.isoformat() for date in find_dates(text, now) if date.when]
        whole = text if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text) else next(iter(dates), "")
        return (whole[:10] if schema["format"] == "date" else whole) or None
    acts = understand(text, now).acts if name else []
    return next((act.fields[name] for act in acts if name in act.fields), str(value))


def _object(value: Any, schema: Schema, root: Schema, now: datetime) -> dict[str, Any]:
    """Return an object: each field of a dict is converted; from a text, only required ones are."""
    fields, given = schema.get("properties", {}), isinstance(value, dict)
    chosen = dict.fromkeys(schema.get("required", []), None if given else value)
    chosen |= {name: each for name, each in value.items() if name in fields} if given else {}
    return {name: fit(each, fields[name], root, now, name) for name, each in chosen.items()}


def _named(text: str, options: list[Any]) -> list[Any]:
    """Return the options that a text contains, or the one most similar to it."""
    text = STATUSES.get(text.lower(), text.lower())
    named = [o for o in options if re.search(rf"\b{re.escape(str(o).lower())}\b", text)]
    return named or get_close_matches(text[:100], [o for o in options if isinstance(o, str)], n=1)


def _within(number: int, schema: Schema) -> int:
    return min(max(number, schema.get("minimum", number)), schema.get("maximum", number))


def _simplest(schema: Schema, now: datetime) -> Any:
    if "format" in schema:
        return now.isoformat()[: 10 if schema["format"] == "date" else None]
    is_number = schema.get("type") in ("integer", "number")
    return schema["enum"][0] if "enum" in schema else _within(0, schema) if is_number else ""


def repair(messages: list[BaseMessage], now: datetime) -> Call:
    """Return the call that repairs a tool call which trustcall's validation rejected."""
    error = [m for m in messages if isinstance(m, ToolMessage)][-1]
    text, key = text_of(error), error.tool_call_id
    if wrong := re.match(r'Unrecognized tool name: "(.*)"[^:]*: ([^.\n]*)', text):
        names = [name for name in wrong[2].split(", ") if not name.startswith("Patch")]
        near = get_close_matches(wrong[1], names, n=1, cutoff=0)
        reasons = ["The error names an unknown tool.", "This is the nearest one that exists."]
        fix = {"json_doc_id": key, "reasoning": reasons, "fixed_name": next(iter(near), None)}
        return "PatchFunctionName", fix
    calls = [call for m in messages if isinstance(m, AIMessage) for call in m.tool_calls]
    args = {call["id"]: call["args"] for call in calls}.get(key, {})
    quoted = text.partition("Expected Parameter Schema:\n\n```json\n")[2].rpartition("\n```")[0]
    schema = read_dict(literal_eval, quoted)
    healed = fit(args, schema, schema, now) if "properties" in schema else args
    return patch("PatchFunctionErrors", key, args, healed)


def patch(tool: str, key: str, old: dict[str, Any], new: dict[str, Any]) -> Call:
    """Return a call with JSON patches; each has a value, which trustcall's schema requires."""
    fields = (old | new).keys()
    names = [n for n in fields if repr(old.get(n, ...)) != repr(new.get(n, ...))]
    edits = []
    for name in names:
        op = "remove" if name not in new else "replace" if name in old else "add"
        edits.append({"op": op, "path": f"/{name}", "value": new.get(name)})
    return tool, {"json_doc_id": key, "planned_edits": ", ".join(names), "patches": edits}
