"""The session that the address names, fetched whole, and the four steps of every session."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from backend_api.contract.corrections import StoredCorrection
from backend_api.contract.events import EventType, StoredEvent, WindowAttributes
from backend_api.contract.sessions import Session
from backend_api.contract.verdicts import StoredReview
from ui.client.api import BackendApi, Refused
from ui.client.selection import Selection
from ui.text.local_time import Zone

_FORBIDDEN, _NOT_FOUND = 403, 404
_WORDS = {
    EventType.MACHINE_OCCUPIED_START: "Use began",
    EventType.MACHINE_OCCUPIED_END: "Use ended",
    EventType.CLEANING_WINDOW_OPEN: "Window",
    EventType.CLEANING_ATTEMPT: "Attempt",
}
# For the question whether a machine was cleaned, the attempt tells most, then the end of the use.
_MOST_TELLING = (
    EventType.CLEANING_ATTEMPT,
    EventType.MACHINE_OCCUPIED_END,
    EventType.CLEANING_WINDOW_OPEN,
    EventType.MACHINE_OCCUPIED_START,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps of every session; `event` is None when it has not happened, or its event not arrived."""

    event_type: EventType
    event: StoredEvent | None

    @property
    def label(self) -> str:
        """Its name, short enough for four beside each other on a phone."""
        return _WORDS[self.event_type]

    def when(self, zone: Zone, *, going_on: bool) -> str:
        """When it happened; of a window, until when it is open. `going_on` is whether it still can happen."""
        if self.event is None:
            return "Not yet" if going_on else "None"
        if self.event_type is EventType.CLEANING_WINDOW_OPEN:
            closes_at = WindowAttributes.model_validate(self.event.attributes).closes_at
            if closes_at is not None:
                return f"until {zone.clock(closes_at)}"
        return zone.clock(self.event.ts)


def steps(events: Sequence[StoredEvent]) -> tuple[Step, ...]:
    """The steps in their order, whatever the order of `events`, which are one session's."""
    return tuple(Step(event_type, _of_type(events, event_type)) for event_type in EventType)


def most_telling(events: Sequence[StoredEvent]) -> StoredEvent:
    """The event to show first: one with a clip rather than one without. `events` has one at least."""
    return min(events, key=lambda event: (event.media_url is None, _MOST_TELLING.index(event.event_type)))


def _of_type(events: Sequence[StoredEvent], event_type: EventType) -> StoredEvent | None:
    return next((event for event in events if event.event_type is event_type), None)


class NotThere(Exception):
    """The backend holds nothing of the id in the address; the text says so."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with its events, every opinion of the judged event's verdicts, and every correction, the oldest first.

    `shown` is the event whose clip plays; `judged` the one whose verdict stands beside it: its own, or else the one by
    which the outcome goes.
    """

    session: Session
    events: tuple[StoredEvent, ...]
    shown: StoredEvent
    judged: StoredEvent | None = None
    reviews: tuple[StoredReview, ...] = ()
    corrections: tuple[StoredCorrection, ...] = ()

    @property
    def review(self) -> str | None:
        """The latest opinion of the verdict that stands beside the clip; None when it is of another one."""
        event = self.judged
        if event is None or event.review is None or event.mm is None or event.mm.result is None:
            return None
        return event.review.agree if event.review.verdict is event.mm.result.verdict else None

    @property
    def correction(self) -> StoredCorrection | None:
        """What somebody says of the use, the latest; None when nobody does, or it was taken back."""
        return self.events[0].correction


def fetch_opened(api: BackendApi, chosen: Selection, wanted: Collection[UUID] = ()) -> Opened | None:
    """The open session; None when the address names none. Raises NotThere when there is no such session.

    Unless the address names an event, the one among `wanted` is shown, else the one by whose verdict the outcome goes.
    """
    session_id = chosen.session_id
    if session_id is None:
        if chosen.event_id is None:
            return None
        session_id = _session_of(api, chosen.event_id)
    found = api.session(session_id)
    events = api.session_events(found) if found else ()
    if not found or not events:
        raise NotThere("The backend holds no session of the id in the address; another backend may.")
    shown = _shown(events, chosen.event_id, found.judged_event_id, wanted)
    judged = shown if shown.mm is not None else _of_id(events, found.judged_event_id)
    reviews = () if judged is None or judged.review is None else tuple(api.reviews(judged.event_id).items)
    corrections = () if events[0].correction is None else tuple(api.corrections(session_id).items)
    return Opened(found, events, shown, judged, reviews, corrections)


def _session_of(api: BackendApi, event_id: UUID) -> UUID:
    try:
        return api.event(event_id).session_id
    except Refused as error:
        # What is of a gym that a person may not see is not there for them.
        if error.status not in (_NOT_FOUND, _FORBIDDEN):
            raise
        raise NotThere("The backend holds no event of the id in the address; another backend may.") from error


def _shown(
    events: Sequence[StoredEvent], event_id: UUID | None, judged_id: UUID | None, wanted: Collection[UUID]
) -> StoredEvent:
    if (chosen := _of_id(events, event_id)) is not None:
        return chosen
    if (one := next((event for event in events if event.event_id in wanted), None)) is not None:
        return one
    judged = _of_id(events, judged_id)
    return judged if judged is not None and judged.media_url is not None else most_telling(events)


def _of_id(events: Sequence[StoredEvent], event_id: UUID | None) -> StoredEvent | None:
    return next((event for event in events if event.event_id == event_id), None)
