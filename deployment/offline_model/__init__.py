"""The course's offline model: a rule-based chat model, so that no key is needed.

It replaces an LLM behind the same interface (LangChain's `BaseChatModel`), reads the same prompts
and calls the same tools. It understands only what these modules spell out. A message passes
through them in this order:

    prompt.py    the content of the prompt: clock, memories, documents, messages
    phrases.py   the phrase book: the ways in which people ask for something
    dates.py     "next Friday at 5", "in two weeks" → moments
    grammar.py   a message → clauses → acts (add, change, remove, fact, rule) and questions
    memory.py    which to-do an act means; acts → tool calls that insert, patch or remove
    replies.py   memories and tool results → sentences
    schema.py    any JSON schema → a value that fits it (structured output, repairs)
    model.py     all of it as a chat model: tools, streaming at a set pace, usage
"""

from offline_model.model import OfflineChatModel

__all__ = ["OfflineChatModel"]
