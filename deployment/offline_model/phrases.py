"""The phrase book: the ways in which people ask for something, one a line.

    add   remind me [again] [to|about] X     alternatives, [optional words], the placeholder X
    done  [i|we] [have] ~ finished X         "~" is any number of adverbs: "I have just finished X"
    job   [i] work as A X                    a word in capitals is a class of words, see `CLASSES`
    rule  always|never …                     "…" is anything, even nothing

The label names the act or question. Each line becomes one regular expression, without nested
repetition, so that matching stays fast on any text.
"""

import re

VERBS = (
    "accept|add|answer|apply|arrange|ask|back|bake|book|bring|brush|build|buy|call|change|charge|"
    "check|choose|clean|collect|complete|contact|cook|copy|create|cut|decide|deliver|deploy|draft|"
    "email|empty|exercise|feed|fetch|file|fill|find|finish|fix|fold|get|give|go|help|install|"
    "invite|iron|join|learn|look|mail|make|measure|meet|mend|mow|order|organise|pack|paint|pay|"
    "phone|pick|plan|plant|play|polish|post|practise|prepare|present|print|put|read|register|"
    "renew|rent|repair|replace|reply|reserve|return|review|ring|run|schedule|sell|send|set|ship|"
    "sign|sort|start|study|submit|take|talk|tell|test|text|throw|tidy|try|update|upload|"
    "vacuum|visit|walk|wash|watch|water|wrap|write"
)
IRREGULAR = {
    "bought": "buy", "paid": "pay", "sent": "send", "wrote": "write", "made": "make", "did": "do",
    "took": "take", "got": "get", "met": "meet", "told": "tell", "fed": "feed", "sold": "sell",
}  # fmt: skip
STATUSES = {
    "not started": "not started", "in progress": "in progress", "started": "in progress",
    "done": "done", "finished": "done", "completed": "done", "archived": "archived",
}  # fmt: skip
CLASSES = {
    "X": "(?P<x>.+?)",
    "Y": "(?P<y>.+?)",
    "TASK": rf"(?P<x>(?:{VERBS}) .+?)",
    "NAME": r"(?P<x>(?-i:[A-Z][\w-]+(?: [A-Z][\w-]+){0,2}))",
    "JOB": r"(?P<x>[\w -]*?(?:er|or|ist|ian|ant|yst|ect|dent|nurse|chef)(?: (?:at|for|in) .+)?)",
    "PLACE": r"(?P<x>[^,]+?)(?: (?:with|and|but|for) .*)?",
    "KIN": "(?P<kin>wife|husband|partner|(?:girl|boy)?friend|brother|sister|mother|mom|father|dad|"
    "son|daughter|cousin|colleague|boss|manager|neighbou?r|dog|cat)",
    "PAST": rf"(?P<past>\w{{2,}}(?<!e)ed|{'|'.join(IRREGULAR)})",
    "STATUS": f"(?P<status>{'|'.join(STATUSES)})",
    "A": "(?:an?|the|my|our|another|one|two|three|some|new)",
    "ITEM": "(?:to-?dos?|tasks?|items?|reminders?)",
    "LIST": "(?:(?:to|on|from|off) (?:my|the|our) (?:to-?do )?(?:list|to-?dos|tasks))",
}
ADVERBS = "(?: (?:also|really|still|just|now|already|finally|actually|all|both|only|currently))*"
TOKEN = re.compile(r"\[[^\]]*\]|(?:\((?:[^()]|\([^()]*\))*\)|[^\s()])+")
Table = list[tuple[str, re.Pattern[str]]]


def phrases(table: str) -> Table:
    """Compile a table; its patterns are matched against a text that starts with a space."""
    rows = [line.split(maxsplit=1) for line in table.strip().splitlines()]
    return [
        (label, re.compile("".join(map(_token, TOKEN.findall(line))) + r"[\s,.:;!?]*$", re.I))
        for label, line in rows
    ]


def _token(token: str) -> str:
    if token == "~":
        return ADVERBS
    if token == "…":
        return r"(?![\w']).*"
    words = re.sub(r"\((?!\?)", "(?:", token.removeprefix("[").removesuffix("]"))
    words = re.sub(r"\b[A-Z]+\b", lambda match: CLASSES.get(match[0], match[0]), words)
    return f"(?: (?:{words}))" + ("?" if token[0] == "[" else "")


# The first line that matches a clause wins. "?": it counts only if there is such a to-do.
STATEMENTS = phrases(r"""
name         my name is X
name         call me NAME
name         i am|(this is) NAME
location     [i] [am] from PLACE
location     [i] [have] ~ live|living|moved ~ in|to PLACE
job          [i] [am] work|working as [a|an|the] X
job          i am a|an JOB
interests    [i|we] ~ like|love|enjoy [to] X
connections  my KIN [is] [called|named] NAME …
header       add|create|make|set|note [up|down] [A] [A] [ITEM] [LIST]
add          [i] remember|(remind me)|(make sure)|(do not forget) [to|about|i] X
add          create|make|set|add [up] [A] [A] ITEM [LIST] to|for|called|: X
add          [A] ITEM: X
add          add|put|note [down] X [LIST]
rename       rename X to Y
undated      remove|delete|drop the deadline of|for|from X
remove       delete|remove|cancel|drop|clear|scrap|forget|(never mind)|(get rid of) [about] X [LIST]
remove       [i|we] (do not|no longer) need|have|want [to] X [anymore|any more]
done?        mark|set|check|tick|cross [the status of|off] X [as|to|off] [LIST] [STATUS]
done         [i|we] [have|am|are] ~ finished|completed|done [with] X
started      [i|we] [have|am|are] ~ started|begun|working [on|with] X
done?        X is|are|was|were ~ STATUS [yet]
remove?      X is|are|was|were (no longer needed)|cancelled
add          [i|we] ~ [have|am] ~ need|have|want|forgot|supposed|got|(would like) to(?!\sbe) X
add          [i|we] must|should [really] [(not forget to)] X
add          X asked|told|wants|expects|reminded me|us to Y
done?        [i|we] [have] ~ PAST X
""")
DATED = phrases("""
redate?      move|postpone|reschedule|push|delay|extend|shift X [back|forward|to]
redate?      set|change|move the deadline|(due date) of|for X
redate       for|about|regarding X
redate       it|that|(make it)|(remind me)
due          X is|are ~ due
add          i have a|an X
""")
TASK = phrases("add TASK")
RULES = phrases("""
rule         always|never(?!\\smind)|(from now on)|(i prefer)|(i want you to always) …
rule         when|whenever [you|i] add|adding|create|creating|update|updating …
rule         use|keep|write|sort|group .* my|the|each|all .*ITEM|list
""")
ASKING = phrases("""
ask          what|when|where|who|whom|whose|which|why|how|any|anything|(i wonder)|help …
ask          is|are|am|does|did|should|shall|may|might|can|could|would|will|has|was|were …
ask          do|have i|you|we|they|my …
ask          tell|show|give|explain me …
ask          show|list|summari[sz]e|review .* list|to-?dos|tasks|week|day|everything|due
ask          [i|we] (want|need|would like) to (know|see) …
""")
