"""The four steps of a session, as far as they have come, and which of them tells most. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend_api.contract.events import EventType, StoredEvent, WindowAttributes
from ui.text.local_time import Zone

_WORDS = {
    EventType.MACHINE_OCCUPIED_START: "Use began",
    EventType.MACHINE_OCCUPIED_END: "Use ended",
    EventType.CLEANING_WINDOW_OPEN: "Window",
    EventType.CLEANING_ATTEMPT: "Attempt",
}
# Whoever wants to know whether a machine was cleaned looks at the attempt first, then at how it was left.
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
        """What happens in it, in as few words as fit four times beside each other on a phone."""
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


def attempt_of(events: Sequence[StoredEvent]) -> StoredEvent | None:
    """The cleaning attempt, which has the verdict; None without one."""
    return _of_type(events, EventType.CLEANING_ATTEMPT)


def _of_type(events: Sequence[StoredEvent], event_type: EventType) -> StoredEvent | None:
    return next((event for event in events if event.event_type is event_type), None)
