"""The session that the address names, fetched whole."""

from dataclasses import dataclass
from uuid import UUID

from backend_api.contract.events import StoredEvent
from backend_api.contract.sessions import Session
from backend_api.contract.verdicts import StoredReview
from ui.client.api import BackendApi, Refused
from ui.client.queries import SessionQuery
from ui.client.selection import Selection
from ui.review.steps import attempt_of, most_telling

_NOT_FOUND = 404


class NotThere(Exception):
    """The backend holds nothing of the id in the address; the text says so."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with its events, the oldest first, and every opinion of its attempt's verdicts, oldest first.

    `shown` is the event whose clip plays.
    """

    session: Session
    events: tuple[StoredEvent, ...]
    shown: StoredEvent
    reviews: tuple[StoredReview, ...] = ()

    @property
    def attempt(self) -> StoredEvent | None:
        """The cleaning attempt, which has the verdict."""
        return attempt_of(self.events)


def fetch_opened(api: BackendApi, chosen: Selection) -> Opened | None:
    """What is open; None when the address names nothing. Raises NotThere when there is no such session."""
    session_id = chosen.session_id
    if session_id is None:
        if chosen.event_id is None:
            return None
        session_id = _session_of(api, chosen.event_id)
    found = api.sessions(SessionQuery(session_ids=(session_id,)), limit=1).items
    events = api.session_events(session_id)
    if not found or not events:
        raise NotThere("The backend holds no session of the id in the address; another backend may.")
    attempt = attempt_of(events)
    reviews = () if attempt is None or attempt.review is None else tuple(api.reviews(attempt.event_id).items)
    return Opened(found[0], events, _shown(events, chosen.event_id), reviews)


def _session_of(api: BackendApi, event_id: UUID) -> UUID:
    try:
        return api.event(event_id).session_id
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        raise NotThere("The backend holds no event of the id in the address; another backend may.") from error


def _shown(events: tuple[StoredEvent, ...], event_id: UUID | None) -> StoredEvent:
    return next((event for event in events if event.event_id == event_id), None) or most_telling(events)
