"""Personal facts in a clause: name, place, job, people, interests.

"I'm Ann" is a name and "I'm tired" is not: a name has a capital and is not a nationality. The
clause comes without its dates, so that "my mother on Friday" names no Friday.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from offline_model.patterns import phrase_book, words

FACTS = list(
    phrase_book("""
name       my [full|first] name is X
name       please [just] call me X
name       call me X
who        i am X
who        this is X
location   i [now|currently] live|stay|reside [now] in|at|near X
location   i am [now|currently] based|living in X
location   i [have] [just|recently] moved|relocated to X
location   i am|come from X
job        i work as [a|an|the] X
job        i am working as [a|an|the] X
job        my job|profession|occupation is [a|an|to] X
work       i am a|an X
employer   i work for|at X
interests  i ~ like|love|enjoy|adore [to] X
interests  i am [really|very] into|(interested in|fond of|passionate about|keen on) X
interests  i am a [big|huge] fan of X
interests  my (hobby is|hobbies are|interests are) X
""")
)
NAME = r"[A-Z][\w'’-]*(?: (?:van |de |von )?[A-Z][\w'’-]+){0,2}"
NOT_NAMES = words("""
    german french italian spanish english british american dutch swiss indian chinese japanese
    polish irish european canadian ok okay sorry sure fine here back not so very i
""")
OCCUPATION = re.compile(
    r"(?:er|or|ist|ant|ian|yst|ect|ent|man|woman|nurse|chef|cook|pilot|judge|lead|coach|vet|ceo|cto|clerk)"
    r"(?: (?:at|for|in) .+)?$"
)
RELATIVES = (
    "wife|husband|partner|girlfriend|boyfriend|fiancée?|spouse|brother|sister|mother|mom|mum|father|dad|"
    "son|daughter|child|baby|uncle|aunt|cousin|nephew|niece|grandmother|grandma|grandfather|grandpa|friend|"
    "colleague|coworker|co-worker|boss|manager|teammate|neighbou?r|roommate|flatmate|dog|cat|teacher|"
    "dentist|doctor|mentor|assistant"
)
CONNECTION = re.compile(
    rf"(?i:\bmy (?P<who>(?:best |older |younger |big |little )?(?:{RELATIVES}))"
    rf"(?:'s name)?(?: is)?(?: called| named)?,?) (?P<name>{NAME})"
)
CUT = re.compile(r"[,.;!?]|\s(?:and|but|so|with|where|because|since|for now)\s")


def facts_in(clause: str) -> Iterator[tuple[str, str]]:
    """Yield (field of the profile, value) for each personal fact that a clause states."""
    for match in CONNECTION.finditer(clause):
        if _is_name(match["name"]):
            yield (
                "connections",
                f"{match['name'].removesuffix(chr(39) + 's')} ({match['who'].lower()})",
            )
    for label, frame in FACTS:
        if fact := frame.match(f" {clause}"):
            yield from _values(label, fact["x"], CUT.split(fact["x"])[0].strip())


def _values(label: str, whole: str, value: str) -> Iterator[tuple[str, str]]:
    if label == "interests":
        items = (item.strip(" .!") for item in re.split(r",? and |, ", whole)[:8])
        yield from ((label, item) for item in items if _is_interest(item))
    elif label == "who":
        name, _, place = value.partition(" from ")
        if _is_name(name):
            yield from (("name", name), *([("location", place)] if place else ()))
    elif label == "work":
        job, _, place = value.partition(" from ")
        if OCCUPATION.search(job.partition(" at ")[0]):
            yield from (("job", job), *([("location", place)] if place else ()))
    elif label == "employer":
        yield "job", f"works at {value}"
    elif value:
        yield label, value if label == "job" else value[:1].upper() + value[1:]


def _is_name(text: str) -> bool:
    return re.fullmatch(NAME, text) is not None and text.split()[0].lower() not in NOT_NAMES


def _is_interest(text: str) -> bool:
    pronouns = ["it", "you", "that", "this", "how", "the", "what", "when", "if", "your", "my"]
    return bool(text) and len(text) < 60 and text.lower().split()[0] not in pronouns
