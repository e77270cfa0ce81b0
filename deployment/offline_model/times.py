"""Times of day and durations: "at 5pm", "in the morning", "it takes half an hour"."""

from __future__ import annotations

import re
from datetime import time

END_OF_DAY = time(23, 59)

NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
NUMBERS |= {"seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "a couple of": 2}

PARTS_OF_DAY = {"morning": time(12), "afternoon": time(18), "evening": time(22)}
PARTS_OF_DAY |= {"night": END_OF_DAY, "noon": time(12), "midnight": END_OF_DAY}

NUMBER = rf"(?:\d{{1,3}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"

CLOCK = re.compile(
    r"(?<![\w:/.-])(?:(?P<h>[01]?\d|2[0-4])(?::(?P<m>[0-5]\d))? ?(?P<half>[ap])\.?m\b\.?"
    r"|(?P<h24>[01]?\d|2[0-3]):(?P<m24>[0-5]\d)(?![\d:])"
    r"|(?<=at )(?P<bare>1?\d)(?: o'clock)?(?=$|[,.;!?)]| (?:on|today|tomorrow|and)\b)"
    r"|(?P<this>this |in the )?(?P<part>morning|afternoon|evening|night|noon|midnight)\b)",
    re.I,
)


def number_of(text: str) -> int:
    return int(text) if text.isdigit() else NUMBERS[" ".join(text.lower().split())]


def clock_time(match: re.Match[str]) -> time | None:
    """The time of day; None where a part of the day ("morning") belongs to no day."""
    if part := match["part"]:
        return PARTS_OF_DAY[part.lower()]
    if match["h"]:
        hour = int(match["h"]) % 12 + (12 if match["half"].lower() == "p" else 0)
        return time(hour, int(match["m"] or 0))
    if match["bare"]:  # "at 5" is in the afternoon, "at 9" in the morning
        hour = int(match["bare"])
        return time(hour + 12 if hour < 7 else hour)
    return time(int(match["h24"]), int(match["m24"]))


MINUTES = {"m": 1, "h": 60, "d": 480}

DURATION = re.compile(
    r"(?:[,(~–]\s*)?(?:\b(?:which |that |it |this |and )?(?:will |should |would |might |only )?"
    r"(?P<takes>takes? )(?:me |us |only |just )*)?(?P<about>\b(?:for|about|around|roughly|maybe) )*"
    rf"(?P<n>\b(?:half an|\d{{1,3}}(?:\.\d)?|{NUMBER}))[ -]?(?P<unit>(?:minute|min|hour|hr|h)s?)\b"
    r"(?P<half> and a half)?\)?",
    re.I,
)


def find_duration(text: str) -> tuple[int, int, int] | None:
    """Return (start, end, minutes) of the effort that a text states, or None."""
    for match in DURATION.finditer(text):
        announced = match["takes"] or match["about"] or match[0][0] in ",(~–"
        if not announced and match.end() < len(text.rstrip(" .")):
            continue
        each = MINUTES[match["unit"][0].lower()]
        words = match["n"].lower()
        if words == "half an":
            amount = 0.5
        else:
            amount = float(words) if words[0].isdigit() else number_of(words)
        return *match.span(), round(each * (amount + (0.5 if match["half"] else 0)))
    return None
