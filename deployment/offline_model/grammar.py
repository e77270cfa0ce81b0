"""Understand a message: sentences → clauses → acts and questions.

A sentence is split where a new clause begins: "buy milk | and call mom", but not "buy bread and
butter". Each clause is looked up in the phrase book, without its dates.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from offline_model import phrases as book
from offline_model.dates import find_dates

KINDS = ("add", "due", "remove")
FACTS = ("name", "location", "job", "interests", "connections")
SHORT = {"n't": " not", "'m": " am", "'ve": " have", "'ll": " will", "'d": " would", "'re": " are"}
BULLET = re.compile(r"^\s*(?:[-*•–+]|\[[ x]?\]|\(?\d{1,2}[.)])\s+")
GAP = re.compile(r"((?:\s?[,;:]|\s(?:and|but|then))(?:\s(?:and|but|then|also|please))*\s)", re.I)
OPENS = re.compile(
    rf"(?:to )?(?:{book.VERBS}|{book.CLASSES['PAST']}|move|delete|mark|postpone) (?!of|and|or|for)"
    r"|(?:i|we|it|remind|do not|(?:need|have|want) to|love|like|live|please|always|never) "
    r"|(?:what|when|where|which|who|how|(?:is|are|do|can|could|should) (?:i|you|we|my|the)) "
    r"|(?:my|the) [\w ]{1,30} (?:is|are|has|asked|told|wants) ",
    re.I,
)
OPENERS = re.compile(
    r"(?:[\s,:;.!–-]|(?:please|ok|okay|hi|hello|hey|so|oh|also|and|then|but|thanks|actually|to)\b)+",
    re.I,
)
POLITE = re.compile(r"(?:(?:could|can|would|will) you|you can|i (?:want|need) you to)\b", re.I)
CLOSERS = re.compile(r"(?:[\s,]*\b(?:please|thanks|as well|too|for me))*[\s,.:;!?]*$", re.I)
REFERENCE = re.compile(r"(?:it|that|this|them)(?: one| to-do| task)?", re.I)


class Act(NamedTuple):
    """One thing that the user wants remembered."""

    kind: str  # add, due (add or change), change, remove, fact, rule
    target: str  # the task to add, the to-do that is meant, or the rule
    fields: dict[str, Any]
    sure: bool = True  # False: counts only if such a to-do exists ("I bought milk")

    @property
    def refers(self) -> bool:
        """Whether the target is a pronoun such as "it", which refers to an earlier to-do."""
        return REFERENCE.fullmatch(self.target) is not None


class Message(NamedTuple):
    """The meaning of a message: what to remember, and what to answer."""

    acts: list[Act]
    questions: list[str]


@lru_cache(maxsize=64)  # called several times per turn with the same message
def understand(message: str, now: datetime) -> Message:
    """Return the acts and questions of a message. A question never becomes an act."""
    result = Message([], [])
    for sentence in _sentences(normal(message)):
        if any(find(book.RULES, bare(sentence))) and not sentence.endswith("?"):
            result.acts.append(Act("rule", "", {"rules": CLOSERS.sub("", sentence)}))
            continue
        stated, asked = _split(sentence)
        acts = [act for clause in stated for act in _acts(clause, sentence.endswith("?"), now)]
        _share_deadline([act for act in acts if act.kind == "add"])
        result.acts.extend(acts)
        result.questions.extend(asked)
    return result


def normal(text: str) -> str:
    """Expand contractions and straighten quotes, so that the phrase book needs fewer forms."""
    text = text.translate(str.maketrans("’‘“”\xa0", "''\"\" "))
    text = re.sub(r"(?:n't|'(?:m|ve|ll|d|re))\b", lambda m: SHORT[m[0].lower()], text, flags=re.I)
    text = re.sub(r"\b(it|that|what|who|where|when|how|name)'s\b", r"\1 is", text, flags=re.I)
    return re.sub(r"\btodo", "to-do", re.sub(r"\bgotta\b", "have to", text), flags=re.I)


def bare(text: str) -> str:
    """Return a text without greetings, "please" and "could you"."""
    text = CLOSERS.sub("", " ".join(text.split()))
    for opener in (OPENERS, POLITE, OPENERS):
        text = text[match.end() :] if (match := opener.match(text)) else text
    return text


def tidy(text: str) -> str:
    """Return a task as it is written on a list."""
    text = re.sub(rf" {book.CLASSES['LIST']}$", "", CLOSERS.sub("", text), flags=re.I)
    text = re.sub(r"^(?:[\W_]|(?:to|that|the|my|an?)\s)+", "", " ".join(text.split()), flags=re.I)
    return (text[:1].upper() + text[1:]).strip(" '\"")[:200]


def find(table: book.Table, text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the label and the match of each phrase that fits a text."""
    matches = ((label, pattern.match(f" {text}")) for label, pattern in table)
    return ((label, match) for label, match in matches if match)


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in re.split(r"(?<=[.!?])(?<![DM]r\.)\s+", BULLET.sub("", line)):
            if part.strip():
                yield " ".join(part.split())


def _split(sentence: str) -> tuple[list[str], list[str]]:
    """Split a sentence into the clauses that state something, and the questions after them."""
    pieces = GAP.split(sentence)
    clauses = [pieces[0]]
    for gap, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if OPENS.match(piece):
            clauses.append(piece)
        else:
            clauses[-1] += gap + piece
    asking = [i for i, clause in enumerate(clauses) if any(find(book.ASKING, bare(clause)))]
    polite = POLITE.match(clauses[0]) or not sentence.endswith("?")
    starts = asking or ([] if polite else [0])
    ends = [*starts[1:], len(clauses)]
    questions = [", ".join(clauses[a:b]) for a, b in zip(starts, ends, strict=False)]
    return clauses[: starts[0]] if starts else clauses, questions


def _acts(clause: str, request: bool, now: datetime) -> Iterator[Act]:
    """Yield the personal facts in a clause, and the act of its first other phrase."""
    text, fields = _deadline(bare(clause), now)
    tables = book.STATEMENTS + (book.DATED if fields else []) + ([] if request else book.TASK)
    for label, match in find(tables, text) if text else ():
        if label in FACTS:
            yield from _facts(label, match.groupdict())
        elif label != "header":
            act = _act(label, match.groupdict(), fields)
            yield from [act] if act.kind != "add" or not act.refers else []
        if label != "connections":
            return


def _deadline(text: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return a text without its dates, and the deadline among them as a field of a to-do."""
    fields: dict[str, Any] = {}
    for date in reversed(find_dates(text, now)):
        if date.when:
            fields.setdefault("deadline", date.when.isoformat())
        text = f"{text[: date.start]} {text[date.end :]}"
    return bare(text), fields


def _act(label: str, groups: dict[str, Any], fields: dict[str, Any]) -> Act:
    name, target = label.rstrip("?"), groups.get("x") or "it"
    if status := book.STATUSES.get((groups.get("status") or name).lower()):
        fields["status"] = status
    if name == "rename":
        fields["task"] = tidy(groups["y"])
    if name == "undated":
        fields["deadline"] = None
    if name == "add":
        target = tidy(groups.get("y") or target)
    target = f"{groups.get('past') or ''} {target}".strip()
    return Act(name if name in KINDS else "change", target, fields, not label.endswith("?"))


def _facts(name: str, groups: dict[str, Any]) -> Iterator[Act]:
    values = re.split(r",? and |, ", groups["x"]) if name == "interests" else [groups["x"]]
    for value in values:
        if not re.match(r"(?:it|you|that|the|to)\b", value):
            value = value if name in ("job", "interests") else value[:1].upper() + value[1:]
            value = f"{value} ({groups['kin'].lower()})" if groups.get("kin") else value
            yield Act("fact", "", {name: value})


def _share_deadline(tasks: list[Act]) -> None:
    """Copy the deadline at the end of a list of tasks to the tasks before it."""
    deadline = None
    for task in reversed(tasks):
        deadline = task.fields.get("deadline", deadline)
        task.fields.update({"deadline": deadline} if deadline else {})
