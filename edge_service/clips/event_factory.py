"""From what the rule engine says in media time to the event that goes over the wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from backend_api.contract.events import NO_PICTURES, PICTURES, ClipInfo, Event, EventType, make_event_id
from backend_api.contract.sources import SOURCE, EventSource
from backend_api.contract.values import format_timestamp, to_milliseconds
from edge_service.rules.machine import Machine
from edge_service.rules.rule_event import RuleEvent

# What a model may be asked about.
_JUDGED = frozenset({EventType.CLEANING_ATTEMPT, EventType.MACHINE_OCCUPIED_END})
# A clock that is set more often than this is none, and what lies that far back is over.
_MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock was set by `by_s` seconds when the media time was `at_s`."""

    at_s: float
    by_s: float


class EventFactory:
    """Builds the events of one camera; the same rule events, start time and zones give the same bytes.

    `start_time` is aware: the wall-clock time of media time 0, by the clock as it was last set. What was before a step
    of the clock keeps the time that it had then, and so does the id of a session that began before it. The zones of
    `machines` go with attempts and ends of uses, so that their judge knows where in the picture to look. Each event
    says by what `source` it was found, and those of a camera that does not keep pictures say so; neither is part of
    its id. The end of a use says so, too, unless its clip is kept (`keeps_end_clips`): nobody is asked about it then.
    """

    def __init__(
        self,
        store_id: str,
        camera_id: str,
        start_time: datetime,
        machines: Sequence[Machine] = (),
        *,
        clock_steps: Sequence[ClockStep] = (),
        source: EventSource | None = None,
        keeps_pictures: bool = True,
        keeps_end_clips: bool = True,
    ) -> None:
        self._store_id = store_id
        self._camera_id = camera_id
        self._start_time = to_milliseconds(start_time)
        self._clock_steps = list(clock_steps)
        self.source = source
        """By what the next events were found."""
        self._keeps_pictures = keeps_pictures
        self._keeps_end_clips = keeps_end_clips
        self._zones: dict[str, JsonValue] = {
            machine.machine_id: [[x, y] for x, y in machine.zone] for machine in machines
        }

    def timestamp(self, time_s: float) -> datetime:
        """The wall-clock time of `time_s` seconds of media time, to the nearest millisecond."""
        set_later_s = sum(step.by_s for step in self._clock_steps if time_s <= step.at_s)
        return self._start_time + timedelta(milliseconds=round((time_s - set_later_s) * 1000))

    @property
    def clock_steps(self) -> tuple[ClockStep, ...]:
        """The steps of the wall clock that are remembered, by their media times."""
        return tuple(self._clock_steps)

    def set_clock(self, at_s: float, by_s: float) -> datetime:
        """The wall clock was set by `by_s` seconds at media time `at_s`; the new time of media time 0."""
        by_s = round(by_s, 3)
        self._clock_steps = [*self._clock_steps, ClockStep(at_s, by_s)][-_MOST_STEPS:]
        self._start_time += timedelta(milliseconds=round(by_s * 1000))
        return self._start_time

    def event_id(self, rule_event: RuleEvent) -> UUID:
        """The id that the event of `rule_event` will have: known before its clip is cut, and names the clip's file."""
        return self._make_id(rule_event.machine_id, rule_event.event_type, rule_event.time_s)

    def build(self, rule_event: RuleEvent, clip: ClipInfo | None, clip_error: str | None) -> Event:
        """The event of `rule_event`, with its clip or the reason why there is none."""
        return Event(
            event_id=self.event_id(rule_event),
            event_type=rule_event.event_type,
            store_id=self._store_id,
            camera_id=self._camera_id,
            machine_id=rule_event.machine_id,
            session_id=self._make_id(
                rule_event.machine_id, EventType.MACHINE_OCCUPIED_START, rule_event.session_start_s
            ),
            ts=self.timestamp(rule_event.time_s),
            # A last sighting before a restart has no place in the new run's media time: it is before its beginning.
            media_time_s=max(0.0, round(rule_event.time_s, 3)),
            track_id=rule_event.track_id,
            confidence=round(rule_event.confidence, 3),
            needs_mm=rule_event.event_type is EventType.CLEANING_ATTEMPT,
            clip=clip,
            clip_error=clip_error,
            attributes=self._attributes(rule_event),
        )

    def _make_id(self, machine_id: str, event_type: EventType, time_s: float) -> UUID:
        return make_event_id(self._store_id, self._camera_id, machine_id, event_type, self.timestamp(time_s))

    def _attributes(self, rule_event: RuleEvent) -> dict[str, JsonValue]:
        attributes: dict[str, JsonValue] = {}
        if rule_event.occupied_s is not None:
            attributes["occupied_s"] = round(rule_event.occupied_s, 3)
        if rule_event.end_reason is not None:
            attributes["end_reason"] = str(rule_event.end_reason)
        if rule_event.closes_at_s is not None:
            attributes["closes_at"] = format_timestamp(self.timestamp(rule_event.closes_at_s))
        if rule_event.seconds_into_window is not None:
            attributes["seconds_into_window"] = round(rule_event.seconds_into_window, 3)
        if rule_event.event_type in _JUDGED and rule_event.machine_id in self._zones:
            attributes["zone"] = self._zones[rule_event.machine_id]
        is_end = rule_event.event_type is EventType.MACHINE_OCCUPIED_END
        if not self._keeps_pictures or (is_end and not self._keeps_end_clips):
            attributes[PICTURES] = NO_PICTURES
        if self.source is not None:
            attributes[SOURCE] = self.source.told()
        return attributes
