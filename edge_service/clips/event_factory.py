"""From what the rule engine says in media time to the event that goes over the wire."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from backend_api.contract.events import ClipInfo, Event, EventType, make_event_id
from backend_api.contract.values import format_timestamp, to_milliseconds
from edge_service.rules.machine import Machine
from edge_service.rules.rule_event import Hit


class EventFactory:
    """Builds the events of one camera; the same hits, start time and zones give the same bytes.

    `start_time` is aware: the wall-clock time of media time 0. The zones of `machines` go with their cleaning attempts,
    so that whoever judges one knows where in the picture to look.
    """

    def __init__(self, store_id: str, camera_id: str, start_time: datetime, machines: Sequence[Machine] = ()) -> None:
        self._store_id = store_id
        self._camera_id = camera_id
        self._start_time = to_milliseconds(start_time)
        self._zones: dict[str, JsonValue] = {
            machine.machine_id: [[x, y] for x, y in machine.zone] for machine in machines
        }

    def timestamp(self, time_s: float) -> datetime:
        """The wall-clock time of `time_s` seconds of media time, to the nearest millisecond."""
        return self._start_time + timedelta(milliseconds=round(time_s * 1000))

    def event_id(self, hit: Hit) -> UUID:
        """The id that the event of `hit` will have: known before its clip is cut, and names the clip's file."""
        return self._make_id(hit.machine_id, hit.event_type, hit.time_s)

    def build(self, hit: Hit, clip: ClipInfo | None, clip_error: str | None) -> Event:
        """The event of `hit`, with its clip or the reason why there is none."""
        return Event(
            event_id=self.event_id(hit),
            event_type=hit.event_type,
            store_id=self._store_id,
            camera_id=self._camera_id,
            machine_id=hit.machine_id,
            session_id=self._make_id(hit.machine_id, EventType.MACHINE_OCCUPIED_START, hit.session_start_s),
            ts=self.timestamp(hit.time_s),
            # What was last seen before a restart has no place in the new run's media time: it is before its beginning.
            media_time_s=max(0.0, round(hit.time_s, 3)),
            track_id=hit.track_id,
            confidence=round(hit.confidence, 3),
            needs_mm=hit.event_type is EventType.CLEANING_ATTEMPT,
            clip=clip,
            clip_error=clip_error,
            attributes=self._attributes(hit),
        )

    def _make_id(self, machine_id: str, event_type: EventType, time_s: float) -> UUID:
        return make_event_id(self._store_id, self._camera_id, machine_id, event_type, self.timestamp(time_s))

    def _attributes(self, hit: Hit) -> dict[str, JsonValue]:
        attributes: dict[str, JsonValue] = {}
        if hit.occupied_s is not None:
            attributes["occupied_s"] = round(hit.occupied_s, 3)
        if hit.end_reason is not None:
            attributes["end_reason"] = str(hit.end_reason)
        if hit.closes_at_s is not None:
            attributes["closes_at"] = format_timestamp(self.timestamp(hit.closes_at_s))
        if hit.seconds_into_window is not None:
            attributes["seconds_into_window"] = round(hit.seconds_into_window, 3)
        if hit.event_type is EventType.CLEANING_ATTEMPT and hit.machine_id in self._zones:
            attributes["zone"] = self._zones[hit.machine_id]
        return attributes
