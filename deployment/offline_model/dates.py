"""Finding dates in a sentence, and deciding what they mean.

Date libraries find too much ("may", "me", "sat") and too little ("end of the month"). So the
table `RULES` says which words are a date; python-dateutil then does the reading and the calendar
arithmetic. The conventions: weeks run from Monday to Sunday, "Friday" is the coming one, "next
Friday" the one of next week, and a day without a time ends at 23:59, so that what is due today
is not overdue yet. Every pattern is anchored on literal words, so that searching stays linear.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dateutil.parser import parse
from dateutil.relativedelta import relativedelta

from offline_model.times import CLOCK, END_OF_DAY, NUMBER, clock_time, number_of

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

UNIT = r"(?:minute|min|hour|hr|day|week|month|year)s?"

# A weekday's short form is a word of its own ("sat", "sun"), unless a preposition announces it.
DAY = (
    rf"(?:{'|'.join(DAYS)}|(?:(?<=on )|(?<=by )|(?<=next )|(?<=this )|(?<=until ))"
    r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun))"
)

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)

NTH = r"\d{1,2}(?:st|nd|rd|th)?"
YEAR = r"(?:,? (?:19|20)\d\d)?"

LEAD = re.compile(
    r"(?:\b(?:due|by|on|until|till|before|for|from|at|in|to|of|no later than|during|over|"
    r"starting|around)\s+)+(?:the\s+)?$",
    re.I,
)


class Moment(NamedTuple):
    """A date found in a text: where it stands, and when it is (None: past, so no deadline)."""

    start: int
    end: int
    when: datetime | None


def _weekday(text: str) -> int:
    return [day[:3] for day in DAYS].index(text.lower()[:3])


def _this_or_coming(today: date, weekday: int, week: str) -> date:
    monday = today - timedelta(today.weekday())
    if week == "next":
        return monday + timedelta(7 + weekday)
    if week == "this" and weekday >= today.weekday():
        return monday + timedelta(weekday)
    return today + timedelta((weekday - today.weekday() - 1) % 7 + 1)


def _named_day(match: re.Match[str], now: datetime) -> date | None:
    week = (match["week"] or match["week2"] or match["week3"] or "").lower()
    if week.strip() == "last":
        return None
    return _this_or_coming(now.date(), _weekday(match["day"]), week.strip())


def _calendar(match: re.Match[str], now: datetime) -> date:
    """A day and a month; without a year, the first that is not over."""
    text = re.sub(r"\bof\b|(?<=\d)(?:st|nd|rd|th)", "", match[0], flags=re.I)
    for year in range(now.year, now.year + 9):
        try:
            found = parse(text, default=datetime(year, 1, 1)).date()
        except ValueError:  # 29 February exists in some years only
            continue
        if found >= now.date() or found.year != year:
            return found
        if re.search(r"\d{4}", text):
            return found
    raise ValueError(text)


def _slashes(match: re.Match[str], now: datetime) -> date:
    month, day = int(match["m"]), int(match["d"])
    year = int(match["y"] or now.year)
    found = date(
        year + 2000 if year < 100 else year, *((month, day) if month < 13 else (day, month))
    )
    return found if match["y"] or found >= now.date() else found.replace(year=year + 1)


def _nth(match: re.Match[str], now: datetime) -> date:
    wanted, first = int(match["nth"]), now.date().replace(day=1)
    if (match["of"] or "").lower().startswith("next"):
        return first + relativedelta(months=1, day=wanted)
    months = (first + relativedelta(months=i) for i in range(12))
    days = (m.replace(day=wanted) for m in months if wanted <= monthrange(m.year, m.month)[1])
    return next(day for day in days if day >= now.date())


def _step(number: str, unit: str) -> relativedelta:
    name = {"min": "minutes", "hr": "hours"}.get(unit.rstrip("s"), unit.rstrip("s") + "s")
    return relativedelta(**{name: number_of(number)})  # type: ignore[arg-type]


def _later(match: re.Match[str], now: datetime) -> date | datetime:
    later = now + _step(match["n"], match["unit"].lower())
    return later if match["unit"].lower()[:2] in ("mi", "ho", "hr") else later.date()


def _from(match: re.Match[str], now: datetime) -> date | datetime:
    anchor = match["anchor"].lower()
    if anchor == "now":
        return _later(match, now)
    days = {"today": 0, "tomorrow": 1}.get(anchor)
    start = _this_or_coming(now.date(), _weekday(anchor), "") if days is None else now.date()
    return start + timedelta(days or 0) + _step(match["n"], match["unit"].lower())


def _period(match: re.Match[str], now: datetime) -> date:
    """The last day of a week, month or year (the first, where the text says so)."""
    today, ahead = now.date(), 1 if match["which"].lower().strip() == "next" else 0
    unit, edge = match["unit"].lower(), (match["edge"] or "").lower()
    if unit == "day":
        return today
    if unit == "month":
        first = today.replace(day=1) + relativedelta(months=ahead)
        last = first + relativedelta(day=31)
    elif unit == "year":
        first = date(today.year + ahead, 1, 1)
        last = date(today.year + ahead, 12, 31)
    else:
        first = today - timedelta(today.weekday()) + timedelta(weeks=ahead)
        last = first + timedelta(6)
    return max(first, today) if edge[:1] in ("s", "b") else last


def _end_of_month(match: re.Match[str], now: datetime) -> date:
    month = parse(match["month"], default=datetime(now.year, 1, 1)).date()
    last = month + relativedelta(day=31)
    return last if last >= now.date() else last + relativedelta(years=1, day=31)


def _start_of_month(match: re.Match[str], now: datetime) -> date:
    first = _end_of_month(match, now).replace(day=1)
    return first if first >= now.date() else first + relativedelta(years=1)


Rule = Callable[[re.Match[str], datetime], "date | datetime | None"]

# Earlier rules win over later ones where both match. Nothing here may match a plain word.
RULES: list[tuple[re.Pattern[str], Rule]] = [
    (re.compile(rf"(?<![\w/-])(?:{pattern})(?![\w/]|'s|-\w)", re.I), rule)
    for pattern, rule in [
        (r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?", lambda m, _: _iso(m[0])),
        (rf"(?P<n>{NUMBER}) (?P<unit>{UNIT}) from (?P<anchor>now|today|tomorrow|{DAY})", _from),
        (rf"{NUMBER} {UNIT} ago|yesterday|last (?:week|month|year|night)", lambda m, _: None),
        (rf"(?:with)?in (?P<n>{NUMBER}) (?P<unit>{UNIT})", _later),
        (r"(?:the )?day after tomorrow", lambda m, now: now.date() + timedelta(2)),
        (rf"{MONTH} {NTH}{YEAR}|{NTH} (?:of )?{MONTH}{YEAR}", _calendar),
        (
            r"(?!24/7)(?P<m>\d{1,2})/(?P<d>\d{1,2})(?:/(?P<y>\d{4}|\d\d))?(?! (?:of|cup|an?)\b)",
            _slashes,
        ),
        (rf"(?:the )?end of (?P<month>{MONTH})", _end_of_month),
        (
            r"(?:(?:the )?(?P<edge>end|start|beginning) of )(?P<which>the |this |next )"
            r"(?P<unit>day|weekend|week|month|year)",
            _period,
        ),
        (
            rf"(?P<week2>next week )?(?:on )?(?P<week>next |this |last |coming )?(?P<day>{DAY})"
            rf"(?: (?:of )?(?P<week3>next|this) week)?",
            _named_day,
        ),
        (r"(?P<edge>)(?P<which>the |this |next )(?P<unit>weekend)", _period),
        (r"(?P<edge>)(?P<which>this |next )(?P<unit>week|month|year)", _period),
        (
            r"(?<=the )(?P<nth>[12]\d|3[01]|[1-9])(?:st|nd|rd|th)"
            r"(?: of (?P<of>the|this|next) month)?(?=$|[,.;:!?)]| (?:at|and|or|to|if|in|by)\b)",
            _nth,
        ),
        (rf"(?:(?<=in )|(?<=until )|(?<=during ))(?P<month>{MONTH})", _end_of_month),
        (rf"(?:(?<=by )|(?<=before ))(?P<month>{MONTH})", _start_of_month),
        (r"today|tonight|eod", lambda m, now: now.date()),
        (r"tomorrow|tmrw", lambda m, now: now.date() + timedelta(1)),
    ]
]


def _iso(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)


def _days(text: str, now: datetime) -> Iterator[tuple[int, int, date | datetime | None]]:
    taken: list[range] = []
    for pattern, rule in RULES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < span.stop and span.start < end for span in taken):
                continue
            if text[max(0, start - 6) : start].lower().endswith(("every ", "each ")):
                continue
            try:
                when = rule(match, now)
            except (ValueError, OverflowError, StopIteration):
                continue
            taken.append(range(start, end))
            yield start, end, when


def _joined(text: str, now: datetime) -> Iterator[tuple[int, int, date | datetime | None]]:
    """Days, each with the time of day that stands beside it; then times alone."""
    clocks = [match for match in CLOCK.finditer(text) if 0 <= int(match["bare"] or 1) <= 12]
    for start, end, day in sorted(_days(text, now), key=lambda d: d[0]):
        inside = [c for c in clocks if start <= c.start() < end]
        clocks = [c for c in clocks if c not in inside]
        for clock in clocks:
            low, high = min(start, clock.start()), max(end, clock.end())
            between = (
                text[end : clock.start()] if clock.start() >= end else text[clock.end() : start]
            )
            if type(day) is date and between.strip(" ,").lower() in (
                "",
                "at",
                "by",
                "on",
                "in the",
            ):
                day = datetime.combine(day, clock_time(clock) or END_OF_DAY)
                start, end = low, high
                clocks.remove(clock)
                break
        yield start, end, day
    for clock in clocks:
        lead = LEAD.search(text[max(0, clock.start() - 20) : clock.start()])
        if clock["part"] and not (lead or clock["this"]):
            continue
        when = datetime.combine(now.date(), clock_time(clock) or END_OF_DAY)
        yield *clock.span(), when if when >= now.replace(tzinfo=None) else when + timedelta(1)


def find_dates(text: str, now: datetime) -> list[Moment]:
    """Return the dates in `text`, in order, each with the preposition that leads to it."""
    found = []
    for start, end, day in _joined(text, now):
        lead = LEAD.search(text[max(0, start - 40) : start])
        start -= len(lead[0]) if lead else 0
        when = day
        if type(day) is date:
            if lead and "before" in lead[0].lower():
                day -= timedelta(1)
            when = datetime.combine(day, END_OF_DAY)
        if isinstance(when, datetime) and when.tzinfo is None:
            when = when.replace(tzinfo=now.tzinfo)
        found.append(Moment(start, end, when if isinstance(when, datetime) else None))
    return sorted(found)
