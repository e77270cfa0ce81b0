"""Find the to-do that an act means, and turn acts into calls that insert, patch or remove one."""

import re
from collections.abc import Iterator
from datetime import datetime

from offline_model.grammar import Act, tidy, understand
from offline_model.phrases import IRREGULAR, STATUSES, VERBS
from offline_model.prompt import Document, Prompt, is_open, moment_of, text_of
from offline_model.schema import Call, Schema, fit, patch

KINDS = {"Profile": "user", "ToDo": "todo", "Instructions": "instructions"}
OTHERS = {"fact": "user", "rule": "instructions"}
LISTS = ("rules", "connections", "interests")
STOPWORDS = re.compile(
    r"\b(?:the|an?|my|our|your|to|of|for|on|in|at|with|and|or|ones?|tasks?|to-dos?|it|that|this|i|"
    r"me|is|be|by|from|about|up|off|new|some|all|everything|every|list)\b"
)


def stems(text: str) -> set[str]:
    """Return the significant words of a task, without their endings."""
    words = re.findall(r"[^\W_][\w-]*", STOPWORDS.sub(" ", text.lower()))
    endings = r"(?<=\w\w\w)(?:t?ing|ies|t?ed|es|e|s|y|t)$"
    return {re.sub(endings, "", IRREGULAR.get(word, word)) for word in words}


VERB_STEMS = stems(VERBS.replace("|", " "))


def matching(target: str, todos: list[Document]) -> list[int]:
    """Return the index of the to-do with most words in common with `target`, at least half."""
    words, scores = stems(target), []
    wanted = words - VERB_STEMS or words  # "bought" alone is not enough
    for index, todo in enumerate(todos):
        have = stems(todo["task"])
        common = len(words & have)
        if wanted & have and common >= len(words) / 2:
            scores.append((common / len(words | have), is_open(todo), -index))
    return [-score[-1] for score in sorted(scores)[-1:]]


def select(text: str, todos: list[Document], now: datetime) -> list[Document]:
    """Return the to-dos that words like "overdue", "done" or "left" select, or all without them."""
    if "overdue" in text:
        return [t for t in todos if is_open(t) and (when := moment_of(t, now)) and when < now]
    if re.search(r"\b(?:open|left)\b", text):
        return [todo for todo in todos if is_open(todo)]
    named = [status for word, status in STATUSES.items() if re.search(rf"\b{word}\b", text)]
    return [todo for todo in todos if not named or todo.get("status") in named]


def targets(act: Act, prompt: Prompt, todos: list[Document]) -> list[int]:
    """Return the indexes of the to-dos that an act means; "it" is the one mentioned last."""
    if act.kind == "add":
        same = [is_open(todo) and stems(todo["task"]) == stems(act.target) for todo in todos]
        return [same.index(True)] if any(same) else []
    if act.refers:
        said = "\n".join(text_of(message) for message in prompt.earlier).lower()
        places = [(said.rfind(todo["task"].lower()), index) for index, todo in enumerate(todos)]
        return [max(places)[1]] if places else []
    if re.search(r"\b(?:all|everything|every)\b", act.target, re.I):
        chosen = select(act.target, todos, prompt.now)
        return [index for index, todo in enumerate(todos) if todo in chosen]
    parts = re.split(r",? and |, ", act.target)
    return [hit for part in parts for hit in matching(part, todos)]


def wanted(kind: str, prompt: Prompt, todos: list[Document]) -> list[Act]:
    """Return the acts of the latest message that concern one kind of memory."""
    acts = understand(prompt.text, prompt.now).acts
    mine = [act for act in acts if OTHERS.get(act.kind, "todo") == kind]
    return [act for act in mine if act.sure or targets(act, prompt, todos)]


def calls_for(name: str, prompt: Prompt, tools: dict[str, Schema]) -> Iterator[Call]:
    """Yield the tool calls that update the documents of one schema after the latest message."""
    known = {key: value for key, kind, value in prompt.existing if kind == name}
    after = _todos(prompt, known) if name == "ToDo" else _single(KINDS[name], prompt, known)
    for key, new in after.items():
        if new is None and "RemoveDoc" in tools:
            yield "RemoveDoc", {"json_doc_id": key}
        elif new and key not in known and name in tools:
            yield name, fit(new, tools[name], tools[name], prompt.now)
        elif new and key in known and new != known[key]:
            yield patch("PatchDoc", key, known[key], new)


def _todos(prompt: Prompt, known: dict[str, Document]) -> dict[str, Document | None]:
    """Return the to-dos as they are after all acts, None for those that are removed."""
    after: dict[str, Document | None] = dict(known)
    todos = [{"task": ""} | value for value in known.values()]
    for act in wanted("todo", prompt, todos):
        keys = [list(known)[hit] for hit in targets(act, prompt, todos)]
        if not keys and act.kind in ("add", "due"):
            keys = [tidy(act.target)]
        for key in keys:
            before = after.get(key, {"task": key}) or {}
            after[key] = None if act.kind == "remove" else before | act.fields
    return after


def _single(kind: str, prompt: Prompt, known: dict[str, Document]) -> dict[str, Document | None]:
    """Return the user's profile or instructions as they are after all acts."""
    new = dict(next(iter(known.values()), {}))
    for act in wanted(kind, prompt, []):
        for name, value in act.fields.items():
            old = new.get(name) or []
            new[name] = [*old, *({value} - set(old))] if name in LISTS else value
    return {next(iter(known), kind): new} if new else {}
