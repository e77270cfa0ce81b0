"""The model's replies: first the results of its tools, then answers from its memories."""

import json
import re
from collections.abc import Callable
from datetime import datetime

from offline_model.dates import find_dates
from offline_model.grammar import Act, bare, find, normal, understand
from offline_model.memory import select, targets
from offline_model.phrases import phrases
from offline_model.prompt import Document, Prompt, is_open, moment_of, text_of

ABOUT = "I am the course's offline model: a set of rules that keeps your to-do list."
EXAMPLES = (
    "You can say “Remind me to call the dentist by Friday”, “I finished the report”, "
    "“Move it to next Tuesday” or “What is due this week?”"
)
JSON = r'"(?:[^"\\]|\\.)*"|null|\d+|\[\]'
QUESTIONS = phrases("""
help         … (who are you)|(what are you)|(can you do)|help …
user         … (about me)|(who am i)|(where do i live)|(do i like) …
user         … my name|profile|location|city|job|interests|hobbies|family|friends …
rules        … keep|kept|preferences|instructions|rules …
next         … first|focus|(should i do)|advice|recommend|urgent|important|start …
one          when|is|are|do|did|have|should|must|will [is|are|i] [already|have|need] [to] X [due]
list         … list|to-dos?|tasks?|due|overdue|open|left|done|finish|everything|(coming up) …
list         … summary|summari[sz]e|planned|(have to do)|(need to do) …
thanks       thanks|(thank you)|great|perfect …
greet        hi|hello|hey|(good morning)|(good afternoon)|(good evening) …
""")


def reply(prompt: Prompt) -> str:
    """Return the answer to the latest message: first what was done, then what was asked."""
    said = [_results(prompt)] if prompt.reports else []
    questions = understand(prompt.text, prompt.now).questions
    said += [answer(question, prompt) for question in questions]
    return "\n\n".join(said) or answer(prompt.text, prompt)


def _results(prompt: Prompt) -> str:
    """Return what the tools changed, in words."""
    lines = [(kind, line) for kind, report in prompt.reports for line in report.splitlines()]
    told = [line for kind, line in lines if kind == "todo" or line.startswith("not saved")]
    said = " ".join(_change(line, prompt.now) for line in told)
    name = "".join(act.fields.get("name", "") for act in understand(prompt.text, prompt.now).acts)
    thanks = f"Nice to meet you, {name}." if name else "Thank you, I will remember that."
    return said or thanks


def _change(line: str, now: datetime) -> str:
    """Return one line of a tool's report in words."""
    head = re.match(rf"(added|changed|deleted) ({JSON})", line)
    if line == "nothing changed":
        return "Nothing changed: I found no to-do that matches, or it is like that already."
    if not head:
        return f"I am sorry, something was {line}." if line.startswith("not saved") else ""
    name, rest = json.loads(head[2]), line[head.end() :]
    if head[1] != "changed":
        due = _due(json.loads(rest[2:]), now) if rest else ""
        return f"I {head[1]} “{name}”{due}."
    new = {m[1]: json.loads(m[2]) for m in re.finditer(rf"(\w+) (?:{JSON}) -> ({JSON})", rest)}
    words = {
        "task": f"I renamed “{name}” to “{new.get('task')}”",
        "status": f"I marked “{name}” as {new.get('status')}",
        "deadline": f"“{name}” is now{_due(new, now).strip(',') or ' without a deadline'}",
    }
    return " and ".join(words.get(field, f"I updated “{name}”") for field in new) + "."


def _due(todo: Document, now: datetime) -> str:
    """Return a deadline in words: ", due Friday 6 March", with year or time where it matters."""
    if not (when := moment_of(todo, now)):
        return ""
    year = "" if when.year == now.year else f" {when.year}"
    clock = "" if (when.hour, when.minute) == (23, 59) else f" at {when:%H:%M}"
    return f", due {when:%A} {when.day} {when:%B}{year}{clock}"


def _group(todo: Document, now: datetime) -> str:
    """Return the heading under which a to-do is listed."""
    when, sunday = moment_of(todo, now), 6 - now.weekday()
    if not is_open(todo):
        return str(todo["status"]).capitalize()
    if when is None or when < now:
        return "Overdue" if when else "No deadline"
    limits = {"Today": 0, "Tomorrow": 1, "This week": sunday, "Next week": sunday + 7}
    days = (when.date() - now.date()).days
    return next((name for name, limit in limits.items() if days <= limit), "Later")


def _sorted(todos: list[Document], now: datetime) -> list[Document]:
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(todos, key=lambda todo: (not is_open(todo), moment_of(todo, now) or far))


def answer(question: str, prompt: Prompt) -> str:
    """Return the answer of the first rule that recognises the question and has something to say."""
    text = normal(question)
    for label, match in [*find(QUESTIONS, bare(text)), *find(QUESTIONS, text)]:
        if said := ANSWERS[label](match, prompt):
            return said
    return f"I am sorry, I did not understand that. {EXAMPLES}"


def _user(match: re.Match[str], prompt: Prompt) -> str:
    """Return the facts about the user, from this conversation and from memory, which wins."""
    known: Document = {}
    for message in prompt.earlier:
        acts = understand(text_of(message), prompt.now).acts if message.type == "human" else []
        known |= {k: v for act in acts if act.kind == "fact" for k, v in act.fields.items()}
    facts = {k: v if isinstance(v, list) else [v] for k, v in (known | prompt.profile).items() if v}
    lines = [f"{name}: {', '.join(map(str, values))}" for name, values in facts.items()]
    return _lines("This is what I know about you:", lines)


def _lines(head: str, lines: list[str]) -> str:
    return "\n- ".join([head, *lines]) if lines else "I do not know that: you have not told me yet."


def _list(match: re.Match[str], prompt: Prompt) -> str:
    """List the to-dos that a question names, under headings by deadline."""
    now, blocks = prompt.now, dict[str, list[str]]()
    chosen = select(match.string, prompt.todos, now)
    for date in find_dates(match.string, now):
        due = [(todo, moment_of(todo, now)) for todo in chosen if is_open(todo)]
        first, last = date.first or now.date(), date.when or now
        chosen = [todo for todo, when in due if when and first <= when.date() <= last.date()]
    for todo in _sorted(chosen, now):
        blocks.setdefault(_group(todo, now), []).append(f"{todo['task']}{_due(todo, now)}")
    said = [_lines(f"{name}:", lines) for name, lines in blocks.items()]
    return "\n\n".join(said) or "Nothing on your list is like that."


def _next(match: re.Match[str], prompt: Prompt) -> str:
    todos = _sorted([todo for todo in prompt.todos if is_open(todo)], prompt.now)
    names = [f"“{todo['task']}”{_due(todo, prompt.now)}" for todo in todos]
    return f"Start with {'; then '.join(names[:2])}." if names else "Nothing is left to do."


def _one(match: re.Match[str], prompt: Prompt) -> str:
    """Answer a question about a single to-do."""
    hits = targets(Act("change", match["x"], {}), prompt, prompt.todos)
    found = [prompt.todos[hit] for hit in hits[:1]]
    status = [f"{todo.get('status')}{_due(todo, prompt.now)}" for todo in found]
    return f"“{found[0]['task']}” is on your list: {status[0]}." if found else ""


ANSWERS: dict[str, Callable[[re.Match[str], Prompt], str]] = {
    "help": lambda match, prompt: f"{ABOUT} {EXAMPLES}",
    "rules": lambda match, prompt: _lines("You want your list kept like this:", prompt.rules),
    "thanks": lambda match, prompt: "You are welcome.",
    "greet": lambda match, prompt: "Hello. What shall we put on your to-do list?",
    "user": _user,
    "next": _next,
    "one": _one,
    "list": _list,
}
