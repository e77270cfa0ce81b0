"""The course's offline model: a chat model made of rules, so that no key is needed.

It takes the place of an LLM behind the same interface (LangChain's `BaseChatModel`), reads the
same prompts and calls the same tools. What it can understand is limited to what these modules
spell out, in the order in which a message passes through them:

    prompt.py               what stands in the prompt: clock, memories, documents, messages
    dates.py, times.py      "next Friday at 5", "in two weeks", "takes an hour" → numbers
    patterns.py             a small language in which the rules are written
    frames.py, lexicon.py   the phrase book and the words it needs
    clauses.py, people.py   a message → sentences → clauses; personal facts in a clause
    grammar.py              clauses → acts (add, change, remove, fact, rule) and questions
    matching.py             which of the existing to-dos is meant
    extract.py, repair.py   acts → tool calls that insert, patch or remove; refused calls healed
    schema.py               any JSON schema → a value that fits it (structured output, repairs)
    answers.py, replies.py  memories and tool results → sentences, in the words of wording.py
    model.py                all of it as a chat model: tools, streaming at a set pace, usage
"""

from offline_model.model import OfflineChatModel

__all__ = ["OfflineChatModel"]
