"""Understanding a message: clauses → acts and questions.

Each clause is looked up in the phrase book. What has no frame is an imperative ("buy milk"), a
past tense ("I bought milk"), the continuation of a list, or nothing for us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from offline_model.clauses import (
    MARK,
    WITHOUT_SUBJECT,
    mark,
    normal,
    sentences,
    split_clauses,
    split_question,
    strip_openers,
    unmark,
)
from offline_model.dates import find_dates
from offline_model.frames import CLOSERS, DATED, EFFECTS, FRAMES, PASSIVE, RULE, TOPIC, Kind
from offline_model.lexicon import NO_OBJECT, NOBODY, VERBS, lemma
from offline_model.patterns import CLASSES, STATUS_WORDS
from offline_model.people import facts_in
from offline_model.times import find_duration


@dataclass
class Act:
    """One thing that the user wants to have remembered."""

    kind: Kind
    target: str  # the task to add, the to-do that is meant, or the rule
    fields: dict[str, Any] = field(default_factory=dict)
    sure: bool = True  # False: counts only if such a to-do exists ("I bought milk")


@dataclass
class Message:
    """A message, understood: what to remember, and what to answer."""

    acts: list[Act] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def understand(message: str, now: datetime) -> Message:
    """Return the acts and questions of a message. A question never becomes an act."""
    result, frame = Message(), ""
    for sentence, continues in sentences(normal(message)):
        bare = CLOSERS.sub("", sentence)
        if RULE.match(" " + strip_openers(bare)) and not sentence.endswith("?"):
            result.acts.append(Act("rule", bare[:1].upper() + bare[1:]))
            continue
        dates = find_dates(sentence, now)
        spans = [(d.start, d.end) for d in dates]
        statement, question = split_question(mark(sentence, spans))
        if question:
            result.questions.append(unmark(question, sentence, spans))
        reader = _Reader(result, [d.when for d in dates], request=sentence.endswith("?"))
        frame = reader.read(statement, frame if continues else "")
    return result


def tidy(text: str) -> str:
    """Return a task as it is written on a list: no address to the assistant, a capital first."""
    text = re.sub(
        rf"(?: {CLASSES['LIST']}|[\s,]+(?:to|for) me)$", "", CLOSERS.sub("", text), flags=re.I
    )
    text = re.sub(r"^(?:[\s,:;.–-]+|(?:to|that|an?|also|please)\s)+", "", text, flags=re.I)
    text = " ".join(text.split()).replace(" ,", ",").strip(" ,;:.!?\"'")
    return (text[:1].upper() + text[1:])[:200]


SUBJECT = re.compile(r"(?:i|we|my|the|our|it|remind|please)\b", re.I)


class _Reader:
    """Reads the clauses of one sentence; a clause without a frame continues the one before."""

    def __init__(self, result: Message, whens: list[datetime | None], request: bool) -> None:
        self.result, self.whens, self.request = result, whens, request
        self.waiting: list[Act] = []  # to-dos of one list, which share a deadline at its end
        self.topic = ""  # "for the dentist, I need to get that done by Friday"
        self.leading: datetime | None = None  # a deadline that opens the sentence

    def read(self, sentence: str, frame: str) -> str:
        for clause in split_clauses(sentence) if sentence else ():
            marks = [self.whens[int(m[1])] for m in MARK.finditer(clause)]
            deadline = next((when for when in reversed(marks) if when), None)
            if MARK.match(clause.strip()) and not self.waiting:
                self.leading = deadline
            text = strip_openers(CLOSERS.sub("", " ".join(MARK.sub(" ", clause).split())))
            if WITHOUT_SUBJECT.match(text):
                text = f"I {text}"
            for name, value in facts_in(text):
                self.result.acts.append(Act("fact", "", {name: value}))
            frame = self._clause(text, deadline, frame)
        return frame

    def _clause(self, text: str, deadline: datetime | None, frame: str) -> str:
        fields: dict[str, Any] = {"deadline": deadline} if deadline else {}
        if effort := find_duration(text):
            text = (text[: effort[0]] + text[effort[1] :]).strip(" ,")
            fields["time_to_complete"] = effort[2]
        # "I need to call Bob and cancel the gym": a bare verb continues "need to".
        continued = frame == "must" and not SUBJECT.match(text)
        if not continued and (found := _frame_of(text, fields)):
            label, act = found
            if label == "must" and act.target.split()[0].lower() == "be":
                return ""  # "I want to be happy" is no task
            if is_reference(act.target) and self.topic:
                act.target = self.topic
            self._keep(act, new_list=True)
            return label
        if topic := TOPIC.match(text):
            self.topic = topic[1]
        if (passive := PASSIVE.match(text)) and lemma(passive[2]) != passive[2].lower():
            text, frame = f"{lemma(passive[2])} {passive[1]}", "must"
        elif need := re.match(r"(?:i|we) need (?!you|it|that|help|advice|time)(.+)$", text, re.I):
            text, frame = f"get {need[1]}", "must"
        return self._bare(text, fields, frame)

    def _bare(self, text: str, fields: dict[str, Any], frame: str) -> str:
        """A clause without a frame: an imperative, a past tense, a list item, or nothing for us."""
        words = text.split()
        first = words[0].strip(",.:;!").lower() if words else ""
        past = re.match(
            r"(?:(?:i|we) (?:have )?(?:just |already |finally )?)?(\w+) (.+)$", text, re.I
        )
        if not words:
            if fields:
                self._keep(Act("change", "it", fields, sure=False))
        elif past and past[1].lower() not in VERBS and lemma(past[1]) in VERBS:
            done = Act("change", f"{lemma(past[1])} {past[2]}", {"status": "done"}, sure=False)
            self._keep(done)
        elif first in VERBS and len(words) > 1 and not self.request:
            if frame or not {words[1].lower(), f"… {words[-1].lower()}"} & NO_OBJECT:
                self._keep(Act("add", tidy(text), fields), new_list=not frame)
                return frame or "list"
        elif frame in ("must", "list", "add", "items"):
            verb = (
                self.waiting[-1].target.split()[0] if self.waiting and "deadline" in fields else ""
            )
            self._keep(Act("add", tidy(f"{verb} {text}"), fields))
        elif "time_to_complete" in fields:  # "the report takes 3 hours"
            self._keep(Act("change", text, fields, sure=False))
        elif frame in EFFECTS:
            kind, given = EFFECTS[frame]
            self._keep(Act(kind, text, given | fields))
        elif text.endswith(":"):
            return "items"
        return frame

    def _keep(self, act: Act, new_list: bool = False) -> None:
        """Add an act. "It" in the same message is the to-do just added."""
        if act.kind == "add":
            if not re.search(r"\w\w", act.target) or act.target.lower() in NOBODY:
                return
            if self.leading:
                act.fields.setdefault("deadline", self.leading)
            self.waiting = [act] if new_list else [*self.waiting, act]
            for item in self.waiting if "deadline" in act.fields else ():
                item.fields.setdefault("deadline", act.fields["deadline"])
        added = [a for a in self.result.acts if a.kind in ("add", "due")]
        if (
            act.kind == "change"
            and added
            and is_reference(act.target)
            and "status" not in act.fields
        ):
            added[-1].fields |= act.fields
        else:
            self.result.acts.append(act)


def is_reference(target: str) -> bool:
    """Return whether a target names no to-do but points back at one."""
    words = (
        r"(?:it|that|this|them|those|these)(?: one| ones| to-?do| task)?|"
        r"(?:the )?(?:last|latest) (?:one|to-?do|task)"
    )
    return re.fullmatch(words, target.strip(" ,."), re.I) is not None


def _frame_of(text: str, fields: dict[str, Any]) -> tuple[str, Act] | None:
    """Return the label and the act of the first frame that fits."""
    for label, name, frame in FRAMES + (DATED if "deadline" in fields else []):
        match = frame.match(f" {text}")
        if not match:
            continue
        groups = match.groupdict()
        target = (groups.get("x") or "it").strip(" ,:")  # no gap: the clause only opens a list
        if name in ("due", "status") and target.split()[0].lower() in NOBODY - {
            "it",
            "that",
            "this",
        }:
            continue
        kind, given = EFFECTS[name]
        found = given | fields
        if name == "status":
            found["status"] = STATUS_WORDS[groups["status"].lower()]
        if name == "rename":
            found["task"] = tidy(groups["y"])
        if name == "must":
            target = groups.get("y") or target
        target = tidy(target) if kind == "add" else target
        return (name, Act(kind, target, found, sure=not label.endswith("?"))) if target else None
    return None
