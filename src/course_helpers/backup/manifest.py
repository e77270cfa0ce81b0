"""The manifest of a backup: versions, counts, sizes, checksums. It holds no secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from course_helpers.core.errors import CourseError
from course_helpers.core.markup import clean, table

FORMAT = 1  # of backups; others are rejected
POSTGRES_PART, REDIS_PART = "postgres.dump", "redis.rdb"
PARTS = (POSTGRES_PART, REDIS_PART)
_NO_COUNT = 1 << 63  # Postgres counts in 64 bits, one of them for the sign
_KINDS = {"threads": "thread", "runs": "runs", "checkpoints": "checkpoints"}
_KINDS |= {"store items": "store", "assistants": "assistant", "crons": "crons"}


@dataclass(frozen=True)
class Part:
    """One file of a backup.

    Attributes:
        size: bytes.
        sha256: its checksum, in hexadecimal.
    """

    size: int
    sha256: str


@dataclass(frozen=True, repr=False)
class Manifest:
    """What is in a backup.

    Attributes:
        made: when it was made, as an ISO time in UTC.
        course: version of the course's helpers.
        engine: the server and its version, of the stack's image.
        revision: version of the server's tables (Alembic); empty if the server records none.
        postgres: version of Postgres.
        redis: version of Redis.
        database_size: bytes of the database on disk.
        rows: table -> number of rows, all at the same moment.
        runs: status -> number of runs at that moment.
        parts: file -> size and checksum.
        format: of the backup itself.
    """

    made: str
    course: str
    engine: str
    revision: str
    postgres: str
    redis: str
    database_size: int
    rows: dict[str, int]
    runs: dict[str, int]
    parts: dict[str, Part] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def counts(self) -> dict[str, int]:
        """The number of threads, runs, checkpoints and so on, by their names for people."""
        return {kind: self.rows[name] for kind, name in _KINDS.items() if name in self.rows}

    @property
    def in_flight(self) -> int:
        """How many runs had not ended: they go on after a restore, from their last checkpoint."""
        return self.runs.get("pending", 0) + self.runs.get("running", 0)

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts.values())

    def __str__(self) -> str:
        return in_words(self.counts) or "no rows"

    def __repr__(self) -> str:
        return f"Manifest({self}; {self.size / 1e6:.1f} MB)"

    def _repr_html_(self) -> str:
        facts = {
            "made": self.made,
            "versions": f"{self.engine}, Postgres {self.postgres}, Redis {self.redis}, "
            f"course helpers {self.course}",
            **{kind: f"{count:,}" for kind, count in self.counts.items()},
            "runs in flight": str(self.in_flight),
            **{n: f"{p.size:,} bytes, sha256 {p.sha256[:12]}…" for n, p in self.parts.items()},
        }
        return table("Backup", [{"what": what, "value": value} for what, value in facts.items()])

    def to_json(self) -> bytes:
        """Return the manifest as it is stored in the backup."""
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read what `to_json` has written.

        Raises:
            CourseError: the format is another one, or a value is missing or invalid.
        """
        try:
            found = json.loads(text)
            number = found["format"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise _unreadable("it is not JSON with a format") from None
        if number != FORMAT:
            raise CourseError(
                f"The backup is of format {clean(str(number))[:20]}; this course reads {FORMAT}.",
                "restore it with the version of the course that made it",
            )
        try:
            return cls(**_checked(found))
        except (TypeError, KeyError, AttributeError) as error:
            raise _unreadable(clean(str(error))[:100]) from None


def in_words(counts: dict[str, int]) -> str:
    """Return counts in words, without those that are zero: "2 threads, 1 run"."""
    words = (f"{n:,} {kind[:-1] if n == 1 else kind}" for kind, n in counts.items() if n)
    return ", ".join(words)


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest's fields, each of the right type, with the parts as `Part`."""
    texts = ("made", "course", "engine", "revision", "postgres", "redis")
    for name in texts:
        if not isinstance(found[name], str):
            raise TypeError(f"{name} is no text")
    return {
        **{name: clean(found[name]) for name in texts},
        **{name: _counts(name, found[name]) for name in ("rows", "runs")},
        "database_size": _number("database_size", found["database_size"]),
        "parts": {name: _part(name, found["parts"][name]) for name in PARTS},
    }


def _counts(name: str, found: Any) -> dict[str, int]:
    if not isinstance(found, dict):
        raise TypeError(f"{name} are no counts")
    return {clean(each): _number(f"{name} of {each}", count) for each, count in found.items()}


def _part(name: str, found: dict[str, Any]) -> Part:
    return Part(_number(f"size of {name}", found["size"]), str(found["sha256"]))


def _number(what: str, found: Any) -> int:
    """Return a count, or raise if it is not a whole number that Postgres could have counted."""
    if type(found) is not int or not 0 <= found < _NO_COUNT:
        raise TypeError(f"{what} is no whole number from 0 to 2**63 - 1")
    return found


def _unreadable(why: str) -> CourseError:
    return CourseError(f"The backup's manifest cannot be read: {why}.", "use another backup")
