"""The rows of the list: pure functions from sessions to words."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TypedDict

from backend_api.contract.sessions import Session
from ui.text.local_time import Zone
from ui.text.words import REVIEW_WORDS, SESSION_COLOURS, duration, outcome_words


class RowData(TypedDict):
    """A row, all in words; `picture` is an address, None without one."""

    id: str
    name: str
    when: str
    outcome: str
    colour: str
    review: str
    picture: str | None
    alt: str


class DayData(TypedDict):
    """A day and its rows."""

    day: str
    rows: list[RowData]


def days_of(sessions: Iterable[Session], zone: Zone, picture_url: Callable[[str], str]) -> list[DayData]:
    """The sessions by the day on which they began, in their order; `picture_url` makes an address absolute."""
    return [
        {"day": day, "rows": [_row(session, zone, picture_url) for session in group]}
        for day, group in groupby(sessions, lambda session: _day(session, zone))
    ]


def times(session: Session, zone: Zone) -> str:
    """When it was, and for how long, e.g. `10:30:00, 5 min 12 s`."""
    length = None if session.occupied_s is None else duration(session.occupied_s)
    clock = None if session.started_at is None else zone.clock(session.started_at)
    return ", ".join(text for text in (clock, length) if text is not None) or "Its start has not arrived yet"


def _day(session: Session, zone: Zone) -> str:
    known = session.started_at or session.ended_at or session.attempt_at or session.window_opened_at
    return "Day unknown" if known is None else zone.day(known)


def _said(session: Session) -> str:
    """What people said, in a word: of the use, else of the verdict."""
    if session.correction is not None:
        return "Corrected"
    return "" if session.review is None else REVIEW_WORDS[session.review]


def _row(session: Session, zone: Zone, picture_url: Callable[[str], str]) -> RowData:
    return {
        "id": str(session.session_id),
        "name": session.machine_name,
        "when": times(session, zone),
        "outcome": outcome_words(session),
        "colour": SESSION_COLOURS[session.outcome],
        "review": _said(session),
        "picture": None if session.thumbnail_url is None else picture_url(session.thumbnail_url),
        "alt": "The person at the machine" if session.attempt_event_id is None else "The cleaning attempt",
    }
