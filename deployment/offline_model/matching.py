"""Which to-do is meant: by its words, by "it", or by a quantity ("everything that is done")."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from offline_model.grammar import Act, is_reference, understand
from offline_model.lexicon import VERBS, lemma
from offline_model.patterns import words
from offline_model.prompt import Prompt, moment_of, task_of

KINDS = {"user": "fact", "instructions": "rule"}

STOPWORDS = words("""
    the a an my our your his her their to of for on in at with and or one ones task tasks
    to-do to-dos todo item thing it that this i me is be by from about up off new some
""")


def stems(text: str) -> set[str]:
    """Return the words that tell one task from another, without their endings."""
    words = (
        lemma(word) for word in re.findall(r"[^\W_][\w'-]*", text.lower()) if word not in STOPWORDS
    )
    return {
        re.sub(r"(?<=\w\w\w)(?:ing|ies|es|ed|e|s|y)$", "", word.removesuffix("'s"))
        for word in words
    }


def matching(target: str, todos: list[dict[str, Any]]) -> int | None:
    """Return the index of the to-do that shares most words with `target`, if it shares half."""
    words = stems(target)
    verb, _, rest = target.strip().partition(" ")
    wanted = (
        stems(rest) if lemma(verb) in VERBS and stems(rest) else words
    )  # "bought" is not enough
    best, found = 0.0, None
    for index, todo in enumerate(todos):
        have = stems(task_of(todo))
        if not wanted & have or len(wanted & have) < len(wanted) / 2:
            continue
        common = len(words & have)
        score = common + common / len(words | have) + (0.01 if todo.get("status") != "done" else 0)
        if score > best:
            best, found = score, index
    return found


def mentioned(prompt: Prompt, todos: list[dict[str, Any]]) -> int | None:
    """Return the to-do that the conversation spoke of last; else the newest."""
    for text in reversed(prompt.earlier):
        said = [(text.lower().rfind(task_of(todo).lower()), i) for i, todo in enumerate(todos)]
        if max(said, default=(-1, 0))[0] >= 0:
            return max(said)[1]
        if (found := matching(text, todos)) is not None:
            return found
    return len(todos) - 1 if todos else None


def _group(target: str, todos: list[dict[str, Any]], now: datetime) -> list[int] | None:
    """Return the to-dos of a quantity ("all", "everything that is done"); None if it names none."""
    if not re.search(
        r"\b(?:all|everything|every|done|finished|completed|archived|overdue)\b", target, re.I
    ):
        return None
    chosen = list(range(len(todos)))
    for named, status in ((r"done|finished|completed", "done"), (r"archived", "archived")):
        if re.search(rf"\b(?:{named})\b", target, re.I):
            return [i for i in chosen if todos[i].get("status") == status]
    if re.search(r"\boverdue\b", target, re.I):
        return [i for i in chosen if (when := moment_of(todos[i], now)) and when < now]
    rest = stems(target) - stems("all everything every list please")
    return [i for i in chosen if not rest or rest & stems(task_of(todos[i]))]


def targets(act: Act, prompt: Prompt, todos: list[dict[str, Any]]) -> list[int]:
    """Return the indexes of the existing to-dos that an act is about."""
    if act.kind == "add":
        same = [i for i, todo in enumerate(todos) if stems(task_of(todo)) == stems(act.target)]
        return [i for i in same if todos[i].get("status") not in ("done", "archived")][:1]
    if is_reference(act.target):
        found = mentioned(prompt, todos)
        return [] if found is None else [found]
    group = _group(act.target, todos, prompt.now) if act.kind in ("remove", "change") else None
    if group is not None:
        return group
    parts = re.split(r",? and |, | & | or ", act.target)
    hits = [matching(part, todos) for part in (parts if act.kind != "due" else [act.target])]
    return list(dict.fromkeys(hit for hit in hits if hit is not None))


def wanted_acts(kind: str, prompt: Prompt, todos: list[dict[str, Any]]) -> list[Act]:
    """Return the acts of the latest message that concern one kind of memory.

    An act that is not sure ("I bought milk") counts only where such a to-do exists.
    """
    acts = understand(prompt.text, prompt.now).acts
    if kind in KINDS:
        return [act for act in acts if act.kind == KINDS[kind]]
    acts = [act for act in acts if act.kind not in KINDS.values()]
    return [act for act in acts if act.sure or targets(act, prompt, todos)]
