"""The course's offline model: a chat model made of rules, so that no key is needed.

It takes the place of an LLM behind the same interface (LangChain's `BaseChatModel`), reads the
same prompts and calls the same tools. What it can understand is limited to what these modules
spell out, in the order in which a message passes through them:

    prompt.py    what stands in the prompt: clock, memories, documents, messages
    phrases.py   the phrase book: the ways in which people ask for something
    dates.py     "next Friday at 5", "in two weeks" → moments
    grammar.py   a message → clauses → acts (add, change, remove, fact, rule) and questions
    memory.py    which to-do is meant; acts → tool calls that insert, patch or remove
    replies.py   memories and tool results → sentences
    schema.py    any JSON schema → a value that fits it (structured output, repairs)
    model.py     all of it as a chat model: tools, streaming at a set pace, usage
"""

from offline_model.model import OfflineChatModel

__all__ = ["OfflineChatModel"]
