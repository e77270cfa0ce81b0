"""The one kind of error that stops the engine, told in a sentence at the end of its log."""


class EngineError(Exception):
    """What is wrong, why, and what to do, in one line.

    Args:
        what: what is wrong, as a sentence.
        fix: what to change or run, starting with a verb.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} To fix it: {fix}.")
