"""From any JSON schema to a value that fits it.

Three uses of one idea: `fill` reads from a text what a schema asks for (structured output), `fit`
bends a value until the schema accepts it (repairs), `default` stands in where nothing is known.
"""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from offline_model.dates import find_dates
from offline_model.patterns import STATUS_WORDS
from offline_model.people import facts_in

Schema = dict[str, Any]
MISSING: Any = object()  # no value: leave the field out, or use its default


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return `schema` with its reference followed and its first real alternative taken."""
    for _ in range(10):
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            schema = (root.get("$defs") or root.get("definitions") or {}).get(name, {})
        elif len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        else:
            break
    return schema


def branches(schema: Schema, root: Schema) -> list[Schema]:
    """Return the alternatives of a schema (itself, if it has none)."""
    schema = resolve(schema, root)
    options = schema.get("anyOf") or schema.get("oneOf")
    return [b for option in options for b in branches(option, root)] if options else [schema]


def default(schema: Schema, root: Schema, now: datetime) -> Any:
    """Return the simplest value that the schema accepts."""
    if "default" in schema:
        return schema["default"]
    options = branches(schema, root)
    if any(option.get("type") == "null" for option in options):
        return None
    option = options[0]
    if "default" in option or "const" in option:
        return option.get("default", option.get("const"))
    if option.get("enum"):
        return option["enum"][0]
    kind = option.get("type")
    if kind == "object":
        return fit({}, option, root, now)
    if kind == "array":
        return [
            default(option.get("items", {}), root, now) for _ in range(option.get("minItems", 0))
        ]
    if kind in ("integer", "number"):
        return _within(0, option)
    if kind == "boolean":
        return False
    if kind == "string" and option.get("format") in ("date-time", "date", "time"):
        return _as_date("", option["format"], now)
    return "?" * option.get("minLength", 0) if kind == "string" else None


def fit(value: Any, schema: Schema, root: Schema, now: datetime) -> Any:
    """Return `value`, or the nearest value that the schema accepts; MISSING if there is none."""
    options = branches(schema, root)
    fitted = [(_fit(value, option, root, now)) for option in options]
    same = [
        new for new in fitted if new is not MISSING and type(new) is type(value) and new == value
    ]
    usable = [new for new in fitted if new is not MISSING and new is not None]
    return (same or usable or [None if {"type": "null"} in options else MISSING])[0]


def _fit(value: Any, schema: Schema, root: Schema, now: datetime) -> Any:
    kind = schema.get("type")
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return nearest(value, schema["enum"])
    if kind == "null":
        return None if value is None else MISSING
    if kind == "object" or "properties" in schema:
        return _fit_object(value, schema, root, now)
    if kind == "array":
        items = (
            [fit(v, schema.get("items", {}), root, now) for v in value]
            if isinstance(value, list)
            else MISSING
        )
        return (
            items
            if items is MISSING
            else [i for i in items if i is not MISSING][: schema.get("maxItems")]
        )
    if kind in ("integer", "number"):
        return _as_number(value, schema)
    if kind == "boolean":
        return value if isinstance(value, bool) else MISSING
    if kind == "string":
        return _as_string(value, schema, now)
    return value


def _fit_object(value: Any, schema: Schema, root: Schema, now: datetime) -> Any:
    if not isinstance(value, dict):
        return MISSING
    fields = schema.get("properties", {})
    if not fields:
        return value
    result = {}
    for name, field in fields.items():
        new = fit(value[name], field, root, now) if name in value else MISSING
        if new is MISSING and name in schema.get("required", ()):
            new = default(field, root, now)
        if new is not MISSING:
            result[name] = new
    return result


def nearest(value: Any, options: list[Any]) -> Any:
    """Return the option that is spelled most like `value`, or means the same status."""
    if value in options:
        return value
    text = str(value).lower().replace("_", " ")
    if STATUS_WORDS.get(text) in options:
        return STATUS_WORDS[text]
    names = {str(option).lower(): option for option in options}
    close = get_close_matches(text[:100], list(names), n=1)
    return names[close[0]] if close else MISSING


def _within(number: float, schema: Schema) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = 1 if schema.get("type") == "integer" else 0.5
    if low is not None and number <= low:
        number = low if "minimum" in schema else low + step
    if high is not None and number >= high:
        number = high if "maximum" in schema else high - step
    return number


def _as_number(value: Any, schema: Schema) -> Any:
    if isinstance(value, str) and (found := re.search(r"-?\d{1,15}(?:\.\d{1,9})?", value)):
        value = float(found[0])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return MISSING
    if schema["type"] == "integer" and abs(value) < 1e15:
        value = round(value)
    return _within(value, schema)


def _as_string(value: Any, schema: Schema, now: datetime) -> Any:
    if not isinstance(value, str):
        return str(value) if isinstance(value, (int, float)) else MISSING
    if schema.get("format") in ("date-time", "date", "time"):
        return _as_date(value, schema["format"], now)
    if len(value) < schema.get("minLength", 0):
        return MISSING
    return value[: schema.get("maxLength")]


def _as_date(text: str, form: str, now: datetime) -> Any:
    try:
        datetime.fromisoformat(text)
        if form == "date-time" or (form == "date" and len(text) == 10):
            return text
    except ValueError:
        pass
    found = [moment.when for moment in find_dates(text[:200], now) if moment.when]
    if text and not found:
        return MISSING
    when = (found or [now])[0]
    if form == "date":
        return when.date().isoformat()
    return when.time().isoformat() if form == "time" else when.isoformat()


def fill(text: str, schema: Schema, root: Schema, now: datetime) -> dict[str, Any]:
    """Return an object with what `text` tells, and defaults where it tells nothing."""
    numbers = [(m.start(), m[0]) for m in re.finditer(r"-?\b\d{1,15}(?:\.\d{1,9})?\b", text[:5000])]
    facts: dict[str, list[str]] = {}
    for field, value in facts_in(text[:5000]):
        facts.setdefault(field, []).append(value)
    told: dict[str, Any] = {}
    for name, field in schema.get("properties", {}).items():
        for option in branches(field, root):
            value = _told(name, option, text, facts, numbers, root, now)
            if value is not MISSING:
                told[name] = value
                break
    for name in schema.get("required", ()):
        options = branches(schema.get("properties", {}).get(name, {}), root)
        if name not in told and options[0].get("type") == "string" and not options[0].get("enum"):
            told[name] = text.strip()[:500]
    return fit(told, schema | {"type": "object"}, root, now)


def _told(
    name: str, option: Schema, text: str, facts: dict[str, list[str]],
    numbers: list[tuple[int, str]], root: Schema, now: datetime,
) -> Any:  # fmt: skip
    kind, lower = option.get("type"), text.lower()
    if option.get("enum"):
        named = [e for e in option["enum"] if re.search(rf"\b{re.escape(str(e).lower())}\b", lower)]
        return named[0] if named else MISSING
    if kind == "array":
        item = branches(option.get("items", {}), root)[0]
        if item.get("enum"):
            return [
                e for e in item["enum"] if re.search(rf"\b{re.escape(str(e).lower())}\b", lower)
            ]
        return facts.get(name, MISSING)
    if kind == "object" and option.get("properties"):
        return fill(text, option, root, now)
    if kind in ("integer", "number") and numbers:
        word = re.search(rf"\b{re.escape(name.split('_')[0].lower())}", lower)
        place = word.start() if word else 0
        near = min(numbers, key=lambda number: abs(number[0] - place))
        numbers.remove(near)
        return float(near[1]) if "." in near[1] else int(near[1])
    if kind == "boolean":
        word = re.search(rf"\b(not |no |non-)?{re.escape(name.split('_')[-1].lower())}", lower)
        return MISSING if word is None else not word[1]
    if kind == "string" and option.get("format") in ("date-time", "date", "time"):
        whens = [moment.when for moment in find_dates(text[:5000], now) if moment.when]
        return _as_date(whens[0].isoformat(), option["format"], now) if whens else MISSING
    if kind == "string":
        known = [field for field in facts if field == name or field in name.split("_")]
        return facts[known[0]][0] if known else MISSING
    return MISSING
