"""A small language for patterns of words, so that the grammar reads like a phrase book.

    remind me|us [again] [to|about] X     a word or another, [what may be missing], the gap X
    I [have] ~ finished X                 "~" is any number of adverbs: "I have just finished X"
    mark X as STATUS                      a word in capitals is a class of words, see `CLASSES`
    always|never …                        "…" is anything, also nothing

Each line becomes one regular expression. Groups are words and alternatives of words; nothing is
repeated inside of something repeated, so matching stays fast on any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

STATUS_WORDS = {
    "not started": "not started", "not done": "not started", "open": "not started",
    "in progress": "in progress", "started": "in progress", "under way": "in progress",
    "done": "done", "finished": "done", "completed": "done", "complete": "done",
    "archived": "archived",
}  # fmt: skip
CLASSES = {
    "X": "(?P<x>.+?)",
    "Y": "(?P<y>.+)",
    "STATUS": f"(?P<status>{'|'.join(STATUS_WORDS)})",
    "BE": "(?:is|are|was|were|has been|have been|will be|got)",
    "A": "(?:an?|the|my|our|another|one)",
    "ITEM": "(?:to-?dos?|tasks?|items?|reminders?)",
    "DUE": (
        "(?:list|to-?dos?|tasks?|due|deadlines?|overdue|agenda|plate|schedule|open|left|"
        "remaining|pending|done|finished|planned)"
    ),
    "LIST": "(?:(?:to|on|from|off|in) (?:my|the|our) (?:to-?do )?(?:list|to-?dos|tasks))",
    "THINGS": "(?:list|to-?dos?|tasks?|week|day|everything|agenda|profile|deadlines?|plan|due)",
}
ADVERBS = (
    "(?: (?:also|really|still|just|now|already|finally|actually|urgently|all|both|only|never))*"
)
TOKEN = re.compile(r"\[[^\]]*\]|(?:\([^)]*\)|[^\s()])+")


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


def pattern(line: str) -> re.Pattern[str]:
    """Compile one line; it is matched against a text that starts with a space."""
    return re.compile(
        "".join(_token(token) for token in TOKEN.findall(line)) + r"[\s,.:;!?]*$", re.I
    )


def _token(token: str) -> str:
    if token == "~":
        return ADVERBS
    if token == "…":
        return r"(?![\w']).*"
    words = re.sub(r"\((?!\?)", "(?:", token.strip("[]"))
    words = re.sub(r"\b[A-Z]+\b", lambda m: CLASSES.get(m[0], m[0]), words)
    return f"(?: (?:{words}))" + ("?" if token[0] == "[" else "")


def phrase_book(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield (label, pattern) for each line "label  pattern" of a table."""
    for line in text.strip().splitlines():
        label, words = line.split(maxsplit=1)
        yield label, pattern(words)


def any_of(text: str) -> re.Pattern[str]:
    """Compile a table without labels into one pattern."""
    return re.compile(
        "|".join(pattern(line.strip()).pattern for line in text.strip().splitlines()), re.I
    )
