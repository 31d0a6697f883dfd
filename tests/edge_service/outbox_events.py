"""Events for what carries them, told apart by a number."""

from datetime import UTC, datetime, timedelta

from backend_api.contract.events import Event, EventType, make_event_id

_BEGIN = datetime(2026, 1, 31, 9, tzinfo=UTC)


def make_event(number: int, *, padding: int = 0) -> Event:
    """The event `number` of camera `cam_01`, with `padding` more bytes in its attributes."""
    event_type = EventType.MACHINE_OCCUPIED_START
    ts = _BEGIN + timedelta(seconds=number)
    event_id = make_event_id("gym", "cam_01", "bike", event_type, ts)
    return Event(
        event_id=event_id, event_type=event_type, store_id="gym", camera_id="cam_01", machine_id="bike",
        session_id=event_id, ts=ts, media_time_s=float(number), confidence=0.9, needs_mm=False,
        attributes={"number": number, "padding": "x" * padding},
    )  # fmt: skip
