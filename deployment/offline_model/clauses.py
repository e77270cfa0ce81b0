"""From a message to sentences, and from a sentence to clauses.

A sentence is split where a new clause opens: "buy milk | and call mom", but "buy bread and
butter". Dates stand in it as marks, so that they can neither be split nor be taken for words.
"""

from __future__ import annotations

import re

from offline_model.frames import ASKING, OPENERS, POLITE, QUESTION_CLAUSE, TAG
from offline_model.lexicon import NOT_VERBS, VERBS, lemma

CONTRACTIONS = [
    (r"\bcan't\b", "can not"), (r"\bwon't\b", "will not"), (r"n't\b", " not"),
    (r"\bi'?m\b", "I am"),
    (r"\b(i|you|we|they)'ve\b", r"\1 have"), (r"\b(i|you|we|they|it)'ll\b", r"\1 will"),
    (r"\b(i|you|we|they)'d\b", r"\1 would"), (r"\b(you|we|they)'re\b", r"\1 are"),
    (r"\b(it|that|what|who|where|when|how|name|there|he|she)'s\b", r"\1 is"),
    (r"\blet's\b", "let us"),
    (r"\bgotta\b", "have to"), (r"\bgonna\b", "going to"), (r"\bwanna\b", "want to"),
    (r"\btodo(s?)\b", r"to-do\1"),
]  # fmt: skip

CLAUSE = re.compile(
    r"(?:i|we|it) [a-z]+|(?:remind me|please|do not|always|never|from now on|"
    r"add|mark|move|delete|remove|"
    r"postpone|reschedule|rename|archive|reopen|delay|push)\b|(?:could|can|would|will) you\b|"
    r"(?:my|the|our) [\w' -]{1,30}? (?:is|are|has|have|can|asked|told|wants|must|needs?)\b|"
    r"(?:need|have|want|had|got) to \w|live in|work (?:as|at|for)|"
    r"(?:love|like|enjoy|am|finished|started)\s",
    re.I,
)

WITHOUT_SUBJECT = re.compile(
    r"(?:need|have|want|had|got) to |live in|work (?:as|at|for)|"
    r"(?:love|like|enjoy|am|finished|started) ",
    re.I,
)

GAP = re.compile(
    r"(?:\s?[,;]|\s?[–—:](?= )|\s(?:and|but|then|plus|&|so)\b|\sas well as\b)"
    r"(?:\s(?:and|but|then|also|plus|please|finally|lastly|after that|so)\b)*,?\s",
    re.I,
)

MARK = re.compile("\ue000(\\d+)\ue001")  # stands for a date that was taken out


def normal(text: str) -> str:
    """Spell out contractions and straighten quotes: fewer forms for the frames to know."""
    text = re.sub("[\ue000\ue001\x00]", "", text).translate(str.maketrans("’‘“”\xa0", "''\"\" "))
    for short, full in CONTRACTIONS:
        text = re.sub(short, full, text, flags=re.I)
    return text


def sentences(text: str) -> list[tuple[str, bool]]:
    """Return sentences and list items, each with whether it continues the one before."""
    found: list[tuple[str, bool]] = []
    continues = False
    for line in text.splitlines():
        body = re.sub(r"^\s*(?:[-*•–+]|\[[ x]?\]|\(?\d{1,2}[.)])\s+", "", line)
        for part in re.split(r"(?<=[.!?])(?<!\b[DM]r\.)(?<!Mrs\.)(?<!\b[ap]\.m\.)\s+", body):
            if part := " ".join(part.split()):
                found.append((part, continues or body != line))
                continues = part.endswith((":", ","))
    return found


def strip_openers(text: str) -> str:
    """Return a text without what only opens it: greetings, "please", "could you"."""
    text = re.sub(r"^[\s,:;.!–-]+", "", text)
    for opener in (OPENERS, POLITE, OPENERS):
        if (match := opener.match(text)) and match.end() < len(text):
            text = text[match.end() :]
    return text


def split_question(sentence: str) -> tuple[str, str]:
    """Return (what is stated, what is asked)."""
    start = re.sub(r"^[\s,]+", "", MARK.sub("", sentence))
    if match := OPENERS.match(start):
        start = start[match.end() :]
    polite = POLITE.match(start)
    if ASKING.match(" " + (start[polite.end() :] if polite else start)):
        return "", sentence
    for gap in GAP.finditer(sentence):
        if QUESTION_CLAUSE.match(sentence, gap.end()):
            return sentence[: gap.start()], sentence[gap.end() :]
    if sentence.endswith("?") and not polite and not TAG.search(sentence):
        return "", sentence
    return sentence, ""


def unmark(text: str, sentence: str, spans: list[tuple[int, int]]) -> str:
    """Return `text` with the dates of its sentence in the place of their marks."""
    return MARK.sub(lambda match: sentence[slice(*spans[int(match[1])])], text)


def mark(sentence: str, spans: list[tuple[int, int]]) -> str:
    """Return a sentence with a numbered mark in the place of each date."""
    pieces, last = [], 0
    for index, (start, end) in enumerate(spans):
        pieces += [sentence[last:start], f"\ue000{index}\ue001"]
        last = end
    return "".join([*pieces, sentence[last:]])


def _opens(head: str, rest: str) -> bool:
    """Return whether a new clause opens at `rest`."""
    if (
        MARK.search(head[-4:])
        and (mark := MARK.search(rest))
        and not GAP.search(rest[: mark.start()])
    ):
        return True  # both sides have a date: "the dentist on Monday | and the report on Tuesday"
    rest = MARK.sub("", rest).strip()
    first, second, *_ = [*re.findall(r"[\w'-]+", rest[:60].lower()), "", ""]
    if CLAUSE.match(rest):
        return True
    if first == "to":
        return second in VERBS
    if not second or first in NOT_VERBS:
        return False
    if lemma(first) in VERBS:
        return second not in ("of", "and", "or", "for")
    return second in ("the", "my", "our", "a", "an", "his", "her", "their")


def split_clauses(sentence: str) -> list[str]:
    """Split a sentence where a new clause opens."""
    clauses, start = [], 0
    for gap in GAP.finditer(sentence):
        head = sentence[start : gap.start()]
        if MARK.sub("", head).strip() and _opens(head, sentence[gap.end() :]):
            clauses.append(head)
            start = gap.end()
    return [*clauses, sentence[start:]]
