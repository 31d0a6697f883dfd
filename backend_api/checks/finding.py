"""A finding of the doctor: one thing that is wrong, or worth knowing, in words that say what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of findings; the value is how each is called in the report."""

    DAMAGED_DATABASE = "damaged database"
    MISSING_CLIP = "missing clip"
    DIFFERENT_CLIP = "different clip"
    ORPHANED_FILE = "orphaned file"
    SET_ASIDE_TOO_EARLY = "file set aside too early"
    TEMPORARY_FILE = "temporary file"
    UNKNOWN_FILE = "unknown file"
    UNENDED_SESSION = "session without an end"
    WINDOWLESS_SESSION = "session without a cleaning window"
    STARTLESS_SESSION = "session without a start"
    STALE_LEASE = "stale lease"
    MISSING_ENRICHMENT = "missing enrichment"
    DEAD_ENRICHMENT = "dead enrichment"
    DIFFERENT_SESSION = "different session"
    DIFFERENT_MACHINE = "different machine"
    DIFFERENT_DAY = "different day"
    DIFFERENT_VERDICT = "different verdict"
    UNLOGGED_EVENT = "unlogged event"
    IMPOSSIBLE_TIME = "impossible time"
    HIDDEN_EVENT = "hidden event"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about `subject`, an event's id or a file's name.

    `cure` says what `repair` does when called or, without one, what a person has to do. A finding that is not
    `is_wrong` is told and needs nothing. A repair is safe to call when somebody else has put it right meanwhile; it
    raises OSError when a file cannot be moved, StoreBusy and StoreFull as every write to the store.
    """

    kind: Kind
    subject: str
    text: str
    cure: str
    is_wrong: bool = True
    repair: Callable[[], None] | None = None

    def __str__(self) -> str:
        prefix = "" if self.is_wrong else "note: "
        return f"{prefix}{self.kind}: {self.subject}: {self.text}"
