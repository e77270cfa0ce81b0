"""Answers from what the prompt tells: the table at the end maps questions to rules.

The first rule that recognises a question and has something to say answers it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from offline_model.clauses import normal
from offline_model.dates import find_dates
from offline_model.grammar import is_reference, understand
from offline_model.matching import matching, mentioned, wanted_acts
from offline_model.patterns import phrase_book
from offline_model.prompt import Prompt, moment_of, task_of
from offline_model.wording import due_note, group_of, grouped, is_open, listed

ABOUT = (
    "I am the course's offline model: a set of rules that keeps your to-do list "
    "without a network or a key."
)

EXAMPLES = (
    "You can say “Remind me to call the dentist by Friday”, “I finished the report”, "
    "“Move it to next Tuesday” or “What is due this week?”"
)

LISTS = ("connections", "interests")


def answer(question: str, prompt: Prompt) -> str:
    """Return the answer of the first rule that recognises the question."""
    text = normal(" ".join(question.split())).lstrip("\"'(¡¿ ")
    for rule, pattern in ANSWERS:
        if (match := pattern.match(f" {text}")) and (said := rule(match, text, prompt)):
            return said
    return f"I am sorry, I did not understand that. {EXAMPLES}"


Answer = Callable[[re.Match[str], str, Prompt], str]


def _profile(prompt: Prompt) -> dict[str, Any]:
    """What the memory holds, and what was said in this conversation."""
    profile: dict[str, Any] = {}
    for text in prompt.said:
        for act in wanted_acts("user", Prompt(prompt.now, text), []):
            for name, value in act.fields.items():
                profile[name] = [*profile.get(name, []), value] if name in LISTS else value
    return profile | {name: value for name, value in prompt.profile.items() if value}


def _fact(name: str, sentence: str, missing: str) -> Answer:
    def rule(match: re.Match[str], text: str, prompt: Prompt) -> str:
        value = _profile(prompt).get(name)
        shown = listed([str(v) for v in value]) if isinstance(value, list) else value
        return sentence.format(shown) if shown else missing

    return rule


def _about_user(match: re.Match[str], text: str, prompt: Prompt) -> str:
    shown = []
    for name, value in _profile(prompt).items():
        words = listed([str(v) for v in value]) if isinstance(value, list) else str(value)
        if words and value:
            shown.append(f"- {name}: {words}")
    return (
        "\n".join(["This is what I know about you:", *shown])
        if shown
        else "I know nothing about you yet."
    )


def _rules(match: re.Match[str], text: str, prompt: Prompt) -> str:
    lines = [f"- {rule}" for rule in prompt.rules]
    return (
        "\n".join(["You want your list kept like this:", *lines])
        if lines
        else ("You have not told me yet how you want your list kept.")
    )


STATES = {  # words of a question → the status that it asks for
    "done|finish|finished|complete|completed": "done",
    "archived": "archived",
    "in progress|started|working on": "in progress",
    "not started": "not started",
}


def _window(text: str, prompt: Prompt) -> tuple[str, list[dict[str, Any]]]:
    """Return the to-dos that a question is about, and how to call them."""
    now, lower = prompt.now, text.lower()
    opens = [todo for todo in prompt.todos if is_open(todo)]
    for named, status in STATES.items():
        said = re.search(rf"\b(?:{named})\b", lower)
        if said and not re.search(r"\bnot (?:done|finished)|to be done|get done", lower):
            return status, [todo for todo in prompt.todos if todo.get("status") == status]
    if re.search(r"\b(?:overdue|late|missed|behind)\b", lower):
        return "overdue", [t for t in opens if group_of(t, now) == "Overdue"]
    if re.search(r"\b(?:no|without(?: a)?) deadline", lower):
        return "without a deadline", [t for t in opens if moment_of(t, now) is None]
    first = now.date()
    for date in find_dates(text, now):
        if date.when is None:
            continue
        last, words = date.when.date(), text[date.start : date.end].lower()
        if "week" in words and "next" in words and last.weekday() == 6:
            first = last - timedelta(6)
        elif "month" in words and "next" in words:
            first = last.replace(day=1)
        elif not re.search(r"week|month|year|\bby\b|until|before|end", words):
            first = last
        due = [(t, moment_of(t, now)) for t in opens]
        return f"due {words.removeprefix('due ')}", [
            t for t, w in due if w and first <= w.date() <= last
        ]
    return "", opens


def _list(match: re.Match[str], text: str, prompt: Prompt) -> str:
    name, todos = _window(text, prompt)
    if not prompt.todos:
        return "Your to-do list is empty."
    if name:
        return grouped(todos, prompt.now) if todos else f"Nothing on your list is {name}."
    if not re.search(r"\b(?:open|left|remaining|pending)\b", text, re.I):
        todos = [*todos, *(todo for todo in prompt.todos if todo.get("status") == "done")]
    return grouped(todos, prompt.now) or "Nothing is open on your list."


def _count(match: re.Match[str], text: str, prompt: Prompt) -> str:
    name, todos = _window(text, prompt)
    number = len(todos)
    return f"You have {number} {name or 'open'} to-do{'' if number == 1 else 's'}.".replace(
        "  ", " "
    )


def _next(match: re.Match[str], text: str, prompt: Prompt) -> str:
    """Overdue first, then the earliest deadline, then the shortest."""
    far, now = datetime.max.replace(tzinfo=prompt.now.tzinfo), prompt.now
    opens = [todo for todo in prompt.todos if is_open(todo)]
    if not opens:
        return "Nothing is open on your list, so you are free."

    def urgency(todo: dict[str, Any]) -> tuple[datetime, float]:
        minutes = todo.get("time_to_complete")
        return moment_of(todo, now) or far, minutes if isinstance(minutes, (int, float)) else 1e9

    first, *others = sorted(opens, key=urgency)
    advice = f"Start with “{task_of(first)}”{due_note(first, now)}"
    advice += ": it is overdue." if group_of(first, now) == "Overdue" else "."
    then = [f"“{task_of(todo)}”" for todo in others[:2]]
    return advice + (f" After that: {listed(then)}." if then else "")


def _one(match: re.Match[str], text: str, prompt: Prompt) -> str:
    """A question about a single to-do."""
    target = re.sub(
        r"\b(?:on|in) (?:my|the) (?:to-?do )?list\b|[?]|\b(?:done|finished|due|already|yet)\b",
        "",
        match["x"],
    )
    found = (
        mentioned(prompt, prompt.todos)
        if is_reference(target.strip())
        else matching(target, prompt.todos)
    )
    if found is None:
        return f"No, I found nothing on your list that matches “{target.strip()}”."
    todo = prompt.todos[found]
    due = due_note(todo, prompt.now) or ", without a deadline"
    return f"“{task_of(todo)}” is on your list: {todo.get('status', 'not started')}{due}."


def _greet(match: re.Match[str], text: str, prompt: Prompt) -> str:
    name = _profile(prompt).get("name")
    return f"Hello{f', {name}' if name else ''}. What shall we put on your to-do list?"


def _unsaved(match: re.Match[str], text: str, prompt: Prompt) -> str:
    """A fact or a task, but no tool to keep it with."""
    acts = understand(text, prompt.now).acts
    names = [value for act in acts for field, value in act.fields.items() if field == "name"]
    if names:
        return f"Nice to meet you, {names[0]}."
    if any(act.kind in ("fact", "rule") for act in acts):
        return "Thank you, good to know."
    if [act for act in acts if act.sure]:
        return "I understood, but I have no tool here to save it to a list."
    return ""


def _say(text: str) -> Answer:
    return lambda match, question, prompt: text


RULES: dict[str, Answer] = {
    "about": _say(ABOUT),
    "help": _say(f"I keep your to-do list. {EXAMPLES}"),
    "name": _fact("name", "Your name is {}.", "I do not know your name yet."),
    "place": _fact("location", "You live in {}.", "I do not know where you live yet."),
    "job": _fact("job", "Your job: {}.", "I do not know your job yet."),
    "likes": _fact("interests", "You like {}.", "I do not know what you like yet."),
    "people": _fact("connections", "You told me about {}.", "You told me about nobody yet."),
    "user": _about_user,
    "rules": _rules,
    "count": _count,
    "one": _one,
    "next": _next,
    "list": _list,
    "unsaved": _unsaved,
    "welcome": _say("You are welcome."),
    "bye": _say("Goodbye."),
    "greet": _greet,
    "ready": _say(f"I am ready. {EXAMPLES}"),
}
ANSWERS = [
    (RULES[label], question)
    for label, question in phrase_book("""
about    … who|what are|r you|u …
about    … your name …
about    are you …
help     … what can you|i …
help     help …
help     … how do|does you|this|it work
name     … my name …
name     … who|what am i [called]
place    … where do|am i live|located|based|from|living
place    … my city|location|address …
job      … my job|profession …
job      … where do i work
job      … what do i do for …
likes    … my interests|hobbies|hobby …
likes    … what do i like|love|enjoy …
people   … who is|are my …
people   … my family|friends|connections|colleagues …
user     … know|remember [of|anything] about me …
user     … who i am
user     … my profile …
rules    … how do|should i|you want|like|prefer|keep …
rules    … my preferences|instructions|rules …
count    … how many|much …
one      … when is|are|was|(do i have to)|(do i need to)|(must i)|(should i) X
one      … deadline|(due date) of|for X
one      how long will|does|do|would|is X
list     do|did|have i [already] [have|put|add] [to] any|anything|something|DUE|do …
one      do|did|have i [already] [have|had|need|put|add] [to] X
list     is|are there|anything|any|something …
one      is|are X LIST|done|finished|due|overdue|already …
next     … what should|to|is|shall i|we|do|next|now …
next     … first|focus|priority|prioritise|prioritize|advice|advise|suggest|recommend …
next     … most urgent|important …
next     … where do|should i start|begin …
list     … DUE|summary|summarise|summarize|everything|anything|recap|(sum up) …
list     … i have|need to do …
list     … what do|did|must|have i …
list     … what is up|on|happening|coming …
unsaved  …
welcome  thanks|(thank you)|thx|cheers|great|perfect|nice|cool|ok|okay|good|awesome …
bye      bye|goodbye|(see you)|(good night) …
greet    hi|hello|hey|howdy|greetings|(good morning)|(good afternoon)|(good evening) …
ready    how are you …
""")
]
