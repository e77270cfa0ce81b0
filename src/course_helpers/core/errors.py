"""Expected failures, each with what happened, why, and the command that fixes it.

CourseError
├── SettingsError      deployment/.env or an environment variable is invalid
├── DockerError        Docker is not installed, does not run, or refuses
├── BuildError         an image could not be built or fetched
├── ServerError        a server did not start, does not answer, or stopped
└── NotFoundError      a thread, run or assistant does not exist
"""

from __future__ import annotations

RECONNECT = (
    "run the cell with connect() again, which starts one (on the lane embedded a new, empty one); "
    "then this cell"
)


class CourseError(Exception):
    """An expected failure. IPython and Jupyter show it without a traceback.

    Args:
        what: what happened and why, in one sentence.
        fix: what to do about it, best a command.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}\nFix: {fix}")
        self.what = what
        self.fix = fix

    @classmethod
    def read(cls, output: str) -> CourseError | None:
        """Return the error that a command ended with, read from its output, or None.

        Args:
            output: what it printed; its last lines are enough.
        """
        what, fix = output.rpartition("\nFix: ")[::2]
        return cls(what.splitlines()[-1], fix.strip()) if what else None

    def _render_traceback_(self) -> list[str]:
        """Replace IPython's traceback (a hook of `InteractiveShell.showtraceback`)."""
        return [f"{type(self).__name__}: {self.what}", f"Fix: {self.fix}"]


class SettingsError(CourseError):
    """`deployment/.env` or an environment variable has an invalid value."""


class DockerError(CourseError):
    """Docker is not installed, does not run, is too old, or refuses."""


class BuildError(CourseError):
    """An image could not be built or fetched."""


class ServerError(CourseError):
    """A server did not start, does not answer, or stopped."""


class NotFoundError(CourseError):
    """A thread, run or assistant does not exist on the server."""
