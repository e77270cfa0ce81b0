"""From acts to tool calls that insert a document, patch one, or remove one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from offline_model.matching import targets, wanted_acts
from offline_model.prompt import Document, Prompt
from offline_model.schema import Schema, fill, fit

Call = tuple[str, dict[str, Any]]  # tool name, arguments


def extract(kind: str, tool: str, prompt: Prompt, schema: Schema) -> Iterator[Call]:
    """Yield the tool calls that record the latest message in documents of one kind."""
    documents = [doc for doc in prompt.documents if doc.kind == tool]
    if kind == "todo":
        yield from _todo_calls(prompt, tool, documents, schema)
    else:
        yield from _single_call(kind, prompt, tool, documents, schema)


def _todo_calls(
    prompt: Prompt, tool: str, documents: list[Document], schema: Schema
) -> Iterator[Call]:
    todos = [doc.value for doc in documents]
    patches: dict[int, dict[str, Any]] = {}
    removed: dict[int, None] = {}
    added: dict[str, dict[str, Any]] = {}
    for act in wanted_acts("todo", prompt, todos):
        fields = {name: _plain(value) for name, value in act.fields.items()}
        hits = targets(act, prompt, todos)
        if act.kind == "remove":
            removed |= dict.fromkeys(hits)
        elif hits:
            for hit in hits:
                patches.setdefault(hit, {}).update(fields)
        elif act.kind in ("add", "due"):
            task = re.sub(r"^(?:my|the|an?) ", "", act.target, flags=re.I)
            task = task[:1].upper() + task[1:]
            added.setdefault(task.lower(), {"task": task}).update(fields)
    for hit, fields in patches.items():
        if hit not in removed and (edits := _edits(documents[hit].value, fields)):
            yield _patch(documents[hit].id, edits)
    for hit in removed:
        yield "RemoveDoc", {"json_doc_id": documents[hit].id}
    for fields in added.values():
        yield tool, fit(fields, schema, schema, prompt.now) if schema else fields


def _single_call(
    kind: str, prompt: Prompt, tool: str, documents: list[Document], schema: Schema
) -> Iterator[Call]:
    acts = wanted_acts(kind, prompt, [])
    facts = [("rules", act.target) for act in acts if act.kind == "rule"]
    facts += [item for act in acts if act.kind == "fact" for item in act.fields.items()]
    lists = ("rules", "connections", "interests")
    if not documents:
        new: dict[str, Any] = {}
        for name, value in facts:
            new[name] = [*new.get(name, []), value] if name in lists else value
        if new:
            yield tool, fit(new, schema, schema, prompt.now) if schema else new
        return
    old = documents[0].value
    edits = _edits(old, {name: value for name, value in facts if name not in lists})
    have = {str(item).lower() for name in lists for item in old.get(name) or []}
    grown = {name for name in lists if isinstance(old.get(name), list)}
    for name, value in facts:
        if name in lists and value.lower() not in have:
            if name not in grown:
                edits.append({"op": "add", "path": f"/{name}", "value": []})
            edits.append({"op": "add", "path": f"/{name}/-", "value": value})
            grown.add(name)
            have.add(value.lower())
    if edits:
        yield _patch(documents[0].id, edits)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _edits(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """Return JSON patches; every one has a value, which trustcall's schema asks for."""
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    return [
        {"op": "replace" if name in old else "add", "path": f"/{name}", "value": value}
        for name, value in changed.items()
    ]


def _patch(document: str, edits: list[dict[str, Any]]) -> Call:
    plan = "; ".join(f"{edit['op']} {edit['path']}" for edit in edits)
    return "PatchDoc", {"json_doc_id": document, "planned_edits": plan, "patches": edits}


def generic(tool: str, schema: Schema, prompt: Prompt) -> Call:
    """Return a call of a tool that we know nothing about but its schema."""
    return tool, fill(prompt.text, schema, schema, prompt.now)
