"""Uses, windows and cleaning at each machine on one day, as bars and marks on the day's line. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from backend_api.contract.sessions import Cleaned, Session, SessionOutcome
from backend_api.contract.values import MachineKey
from ui.text.machine_names import key_of
from ui.text.words import began
from ui.usage.day import DayLine, HourInterval


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """Time of a session on the line: `shown` is what lies in the day of `begin` to `end`, None while it lasts."""

    session: Session
    shown: HourInterval
    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A cleaning attempt on the line, or a machine that was wiped before it was left: then `at` is when it was left."""

    session: Session
    at_h: float
    at: datetime
    outcome: SessionOutcome


@dataclass(frozen=True, slots=True)
class Timeline:
    """A day of all machines."""

    uses: tuple[TimelineBar, ...]
    windows: tuple[TimelineBar, ...]
    attempts: tuple[Attempt, ...]

    @property
    def sessions(self) -> list[Session]:
        """Those of which something lies in the day, by their beginning."""
        drawn = [bar.session for bar in (*self.uses, *self.windows)]
        drawn += [attempt.session for attempt in self.attempts]
        return sorted({session.session_id: session for session in drawn}.values(), key=began)

    @property
    def intervals(self) -> list[HourInterval]:
        """All time that is taken up."""
        bars = [bar.shown for bar in (*self.uses, *self.windows)]
        return bars + [HourInterval(attempt.at_h, attempt.at_h) for attempt in self.attempts]


def draw_timeline(sessions: Iterable[Session], line: DayLine, now: datetime) -> Timeline:
    """Put sessions on the line, cut at midnight; a use without an end lasts until `now`, or the machine's next use.

    Those that were no use, as people say, are not on it.
    """
    by_place: dict[MachineKey, list[Session]] = defaultdict(list)
    for session in {session.session_id: session for session in sessions}.values():
        if session.outcome is not SessionOutcome.NO_USE:
            by_place[key_of(session)].append(session)
    uses: list[TimelineBar] = []
    windows: list[TimelineBar] = []
    attempts: list[Attempt] = []
    for of_machine in by_place.values():
        for session, following in _with_next(sorted(of_machine, key=began)):
            uses += _use(session, following, line, now)
            windows += _window(session, following, line)
            attempts += _attempt(session, line)
    return Timeline(tuple(uses), tuple(windows), tuple(attempts))


def _with_next(sessions: Sequence[Session]) -> Iterator[tuple[Session, datetime | None]]:
    """Each session of one machine with the beginning of the next."""
    for session, following in pairwise([*sessions, None]):
        assert session is not None  # noqa: S101 - only the last of a pair is
        yield session, None if following is None else began(following)


def _use(session: Session, following: datetime | None, line: DayLine, now: datetime) -> list[TimelineBar]:
    if session.started_at is None:
        return []
    left = session.ended_at or session.window_opened_at or following
    end = left or now
    shown = line.cut(session.started_at, min(end, following) if following else end)
    return [TimelineBar(session, shown, session.started_at, left)] if shown else []


def _window(session: Session, following: datetime | None, line: DayLine) -> list[TimelineBar]:
    opened, closes = session.window_opened_at, session.window_closes_at
    if opened is None or closes is None:
        return []
    closes = min(closes, following) if following else closes
    shown = line.cut(opened, closes)
    return [TimelineBar(session, shown, opened, closes)] if shown else []


def _attempt(session: Session, line: DayLine) -> list[Attempt]:
    at = session.ended_at if session.cleaned is Cleaned.BEFORE_LEAVING else session.attempt_at
    if at is None or not line.begin <= at < line.end:
        return []
    return [Attempt(session, line.hours(at), at, session.outcome)]
