"""Find dates in a sentence, and work out what they mean.

Date libraries find too much ("may", "me", "sat") and too little ("end of the month"). So the
table `RULES` lists what counts as a date, and python-dateutil does the calendar arithmetic. The
conventions: weeks run from Monday to Sunday, "Friday" is the coming one, "next Friday" is in next
week, and a day without a time ends at 23:59, so that what is due today is not overdue yet.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from dateutil.parser import parse
from dateutil.relativedelta import MO, relativedelta

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAY = "|".join(DAYS)
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
NTH = r"\d{1,2}(?:st|nd|rd|th)?"
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
NUMBER = rf"(?P<n>\d{{1,3}}|{'|'.join(NUMBERS)})"
PARTS = {"morning": time(12), "noon": time(12), "afternoon": time(18), "evening": time(22)}
HOUR = r"(?:\d{1,2}(?::\d\d)? ?[ap]\.?m\b|\d{1,2}:\d\d\b|at \d(?![\w:/])|noon\b)"
CLOCK = rf"(?:(?:at |in the )?(?:{HOUR}|{'|'.join(PARTS)}))"
LEAD = r"(?P<lead>(?:(?:by|on|until|before|for|from|at|in|to|no later than) ){0,2}(?:the )?)"
Span = tuple[date, date]  # the first and the last day; exact moments are datetimes
UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?"
PERIODS = {
    "week": (relativedelta(weekday=MO(-1)), relativedelta(weeks=1)),
    "month": (relativedelta(day=1), relativedelta(months=1)),
    "year": (relativedelta(month=1, day=1), relativedelta(years=1)),
}


class Moment(NamedTuple):
    """A date in a text: its position, and the period that it names (None: it is in the past)."""

    start: int
    end: int
    first: date | None
    when: datetime | None


def _calendar(match: re.Match[str], now: datetime) -> Span:
    """A day, perhaps with month and year; without them, the next such day that is not over."""
    text = re.sub(r"\bof\b", "", match["day"])
    day = parse(text, default=datetime.combine(now, time(0))).date()
    if day < now.date() and not re.search(r"\d{4}", text):
        named = re.search(r"/|[a-z]{3}", text, re.I)
        day += relativedelta(years=1) if named else relativedelta(months=1)
    return day, day


def _step(match: re.Match[str], now: datetime) -> Span:
    unit, count = match["unit"].lower() + "s", match["n"].lower()
    step = relativedelta(**{unit: NUMBERS.get(count) or int(count)})  # type: ignore[arg-type]
    return ((now if unit in ("minutes", "hours") else now.date()) + step,) * 2


def _weekday(match: re.Match[str], now: datetime) -> Span:
    text = match["day"].lower()
    index = next(i for i, name in enumerate(DAYS) if name in text)
    monday = now.date() + relativedelta(weekday=MO(-1))
    coming = now.date() + relativedelta(days=1, weekday=index)
    return (monday + timedelta(7 + index) if "next" in text else coming,) * 2


def _period(match: re.Match[str], now: datetime) -> Span:
    """A week, a month or a year, or its end."""
    text, unit, today = match["day"].lower(), match["unit"].lower(), now.date()
    start, length = PERIODS.get(unit.removesuffix("end"), PERIODS["month"])
    if unit.removesuffix("end") not in PERIODS:
        today += relativedelta(month=parse(unit).month, day=1)
        today += relativedelta(years=1 if today.month < now.month else 0)
    first = today + start + (length if "next" in text else relativedelta())
    last = first + length - timedelta(1)
    return (last if "end" in text else first), last


def _near(match: re.Match[str], now: datetime) -> Span:
    text = match["day"].lower()
    return (now.date() + timedelta(("tomorrow" in text) + ("after" in text)),) * 2


def _hour(match: re.Match[str], now: datetime) -> Span:
    """A time of day alone: today, or tomorrow if it is over."""
    when = datetime.combine(now, _clock(match["day"]), now.tzinfo)
    return (when + timedelta(when < now),) * 2


def _rule(pattern: str) -> re.Pattern[str]:
    before, after = rf"(?:(?P<before>{CLOCK}),? (?:on )?)?", rf"(?:,? (?P<after>{CLOCK}))?"
    start, end = r"(?<![\w/-])(?<!every )", r"(?![\w/]|'s|-\w)"
    return re.compile(rf"{start}{LEAD}{before}(?P<day>{pattern}){after}{end}", re.I)


# Earlier rules win over later ones where both match. Nothing here may match a plain word.
RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Span | None]]] = [
    (_rule(rf"\d{{4}}-\d\d-\d\d|{MONTH} {NTH}(?:,? \d{{4}})?"), _calendar),
    (_rule(rf"{NTH} (?:of )?{MONTH}(?:,? \d{{4}})?|\d\d?/\d\d?(?:/\d{{2,4}})?"), _calendar),
    (_rule(rf"yesterday|last (?:night|week|month|year|{DAY})"), lambda *_: None),
    (_rule(rf"in {NUMBER} {UNIT}"), _step),
    (_rule(r"today|tonight|tomorrow|(?:the )?day after tomorrow"), _near),
    (_rule(rf"(?:(?:the )?end of|in|during) (?P<unit>{MONTH})"), _period),
    (_rule(r"(?:end of )?(?:the|this|next) (?P<unit>week(?:end)?|month|year)"), _period),
    (_rule(rf"(?:next |this |coming )?(?:{DAY})(?: (?:of )?next week)?"), _weekday),
    (_rule(r"(?<=the )[123]?\d(?:st|nd|rd|th)(?=$|[,.;!?]| (?:at|and)\b)"), _calendar),
    (_rule(HOUR), _hour),
]


def _clock(text: str) -> time:
    part = next((PARTS[name] for name in PARTS if name in text.lower()), None)
    bare = re.search(r"at (\d)$", text)  # "at 5" is 17:00
    return part or (time(int(bare[1]) + 12) if bare else parse(text).time())


def _moment(match: re.Match[str], span: Span | None, now: datetime) -> Moment:
    first, last = span or (None, None)
    if last is None or isinstance(last, datetime):
        return Moment(*match.span(), last and last.date(), last)
    lead, clock = match["lead"].lower(), match["before"] or match["after"] or ""
    last = first - timedelta(1) if first and "before" in lead and not clock else last
    when = datetime.combine(last, _clock(clock) if clock else time(23, 59), now.tzinfo)
    return Moment(*match.span(), now.date() if re.search("by|before", lead) else first, when)


def find_dates(text: str, now: datetime) -> list[Moment]:
    """Return the dates in `text`, in order, each with the preposition that leads to it."""
    found: list[Moment] = []
    for pattern, rule in RULES:
        for match in pattern.finditer(text):
            if all(match.end() <= other.start or other.end <= match.start() for other in found):
                with suppress(ValueError, OverflowError):  # "31 February" is not a date
                    found.append(_moment(match, rule(match, now), now))
    return sorted(found, key=lambda moment: moment.start)
