"""The phrase book: the ways in which people ask for something.

`FRAMES` are looked up from top to bottom for each clause, without its dates; the label says what
a frame does (`EFFECTS`), and its gap X is the task or the to-do that is meant.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from offline_model.patterns import any_of, phrase_book

Kind = Literal["add", "due", "change", "remove", "fact", "rule"]

# The label of a frame → the kind of act, and the fields that it sets.
EFFECTS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "done": ("change", {"status": "done"}),
    "started": ("change", {"status": "in progress"}),
    "reopened": ("change", {"status": "not started"}),
    "archived": ("change", {"status": "archived"}),
    "undated": ("change", {"deadline": None}),
    "status": ("change", {}),
    "rename": ("change", {}),
    "redate": ("change", {}),
    "due": ("due", {}),
    "must": ("add", {}),
    "add": ("add", {}),
    "items": ("add", {}),
    "remove": ("remove", {}),
}

# The first frame that fits a clause wins. "?": it counts only if such a to-do exists.
FRAMES = [
    (label, label.strip("?"), frame)
    for label, frame in phrase_book("""
items      add|put|note|write|jot [down] [this|these|the following] [LIST]
items      create|make|set|add|new [up] [A|two|three|four|some|several|these] [new] ITEM [LIST]
add        [i|we] (do|must|can|should|will) not [let me] forget [to|about|that i need to] X
add        remind me|us [again] [to|about|of|that i need to|that] X
add        [help me] remember to X
add        make sure [that] i|we|to X
add        create|make|set|add|new [up] [A] [new] ITEM:? [LIST] [called|named|to|for|about|saying] X
add        [my] ITEM:? [are|is|for] X
add        add|adding|put|putting|note|write|jot [down] [this|that] [i need to] X LIST
add        add|note|(note down|write down|jot down) [that] [i need to] X
status     mark|set X [as|to|to be] STATUS
done?      check|tick|cross [off] X [off] [LIST]
reopened   reopen|uncheck X
archived   archive X
reopened   (i|we) have|did not ~ finish|finished|done|complete|completed|do|start|started [with] \
X [yet]
reopened   X BE not ~ finished|done|complete|completed|started [yet]
done       [i|we] [have|am|are] ~ finished|completed|done|did [with] X
started    [i|we] [have|am|are] ~ started|begun|began|working|starting|(in the middle of)|(busy \
with) [working] [on|with] X
rename     rename X to|into Y
remove?    [i|we] [do not|no longer] need|have|want [to] X any more|anymore
remove     (i|we) (do not|no longer) need|have|want [to] X
remove     [there is] no need to X [anymore|any more]
remove     never mind [about] X
undated    remove|delete|drop|clear the (deadline|due date) of|for|from|on X
undated    X has no (deadline|due date) [anymore|any more]
remove     delete|remove|cancel|erase|drop|scrap|clear|deleting|removing|(forget about)|(get rid \
of) X [LIST]
remove     forget X
remove?    take|strike [off] X (LIST|off)
remove?    X BE|(can be) [now] cancelled|canceled|(no longer needed)
status     X BE ~ STATUS [yet]
status     X: STATUS
redate     (i|we) ~ need|have|want|must|should [to] get|have|finish|do|complete it|that|this \
[done|finished|ready]
must       (i|we) ~ [have|am|are|was|were] ~ need|needs|have|had|want|wanted|plan|planning|\
intend|ought|hope|promised|agreed|forgot|going|supposed|asked|told|got|required|(would like)|\
(would love) ~ to X
must       (i|we) ~ must|should|(had better) ~ X
must       X asked|told|wants|wanted|expects|expected|needs|reminded|begged me|us to Y
""")
]

# These mean something only beside a date.
DATED = [
    (label, label.strip("?"), frame)
    for label, frame in phrase_book("""
redate?    move|postpone|reschedule|push|delay|shift|change|set(?!\\sup)|extend|defer|bring|make|\
update|(put off) [the deadline|the due date|its deadline] [of|for] X [back|forward|off|due|to]
redate     for|about|regarding|(as for) X
redate     X can wait
redate     X one|task|to-do
due        the (deadline|due date) of|for X BE [now]
due        X BE ~ [now] [due]
add        i have A X
due        X must|should|(has to)|(have to)|(needs to)|(need to) be ready|done|finished|there
redate     remind me|us
redate     it|that|this|(make it)|(the deadline is)
""")
]

RULE = any_of("""
    always|never(?!\\smind|\\sforget) …
    from now on …
    (in the future|in future|going forward) …
    when|whenever|if|(each time)|(every time) \
you|i add|create|make|write|list|put|give|save|record|show …
    when|whenever adding|creating|updating|listing …
    i|we [would] [always] (want|like|prefer) you to always|never …
    i [would] [always] (prefer|like|want) .* (ITEM|list|deadlines) …
    use|keep|write|include|give|sort|group|assume .* (for|in|to|with|of) (my|the|new|all|each|\
every) .*(ITEM|list)
    keep|sort|group (my|the|all) .*(ITEM|list) …
    add|put|include|give|suggest|use|write .* (each|every|all) [of] [my|new|the] ITEM …
    do not add|use|suggest|give|include|set …
""")

ASKING = any_of("""
    what|when|where|who|whom|whose|which|why|how …
    is|are|am|does|did|should|shall|may|might|can|could|would|will|has|was|were …
    do|have i|you|we|they|my …
    any|anything …
    tell|show|give|explain|read me|us …
    show|list|print|read|summarise|summarize|review|check|sum|recap|describe|display .* THINGS …
    list|recap|summary …
    i|we (want|need|would like|wish) to (know|see|hear|ask) …
    i wonder …
    help [me]
""")

QUESTION_CLAUSE = re.compile(
    r"(?:what|when|where|which|who|how) (?:is|are|do|should|many|can|does)\b", re.I
)

POLITE = re.compile(
    r"(?:(?:could|can|would|will) (?:you|we)|you (?:can|could|may)|would you mind|"
    r"i (?:would like|want|need) you to)\b(?: please| also|,)*\s*",
    re.I,
)

OPENERS = re.compile(  # what may stand before a request without changing it
    r"(?:(?:please|kindly|ok|okay|(?:hi|hello|hey)(?: there| all)?|hmm|so|"
    r"well|oh|also|and|then|but|plus|yes|yeah|great|"
    r"thanks|thank you|actually|by the way|sorry|alright|right|first|second|third|finally|lastly|"
    r"(?:no|next|now)(?=,)|good (?:morning|evening|afternoon)|let us|maybe|"
    r"i (?:think|guess|believe|suppose|just remembered)(?: that)?)(?![\w'])[\s,:!.–-]*)+",
    re.I,
)

CLOSERS = re.compile(
    r"(?:[\s,]*\b(?:please|thanks|thank you|as well|too|now|for me|ok|okay|right|"
    r"(?:will|can|would|could) you))*"
    r"[\s,.:;!?)–-]*$",
    re.I,
)

TAG = re.compile(r", ?(?:ok|okay|please|right|alright|(?:will|can|would|could) you) ?\?$", re.I)

TOPIC = re.compile(r"(?:for|about|regarding|as for) (.{1,60})$", re.I)
PASSIVE = re.compile(
    r"(?:the )?(.{1,60}?) (?:must|has to|have to|needs? to|should) be (\w+)$", re.I
)
