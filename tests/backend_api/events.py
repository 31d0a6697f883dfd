"""Events that tests make: valid by themselves, each field open to be overridden."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from backend_api.contract.events import Event, EventType, make_event_id
from backend_api.contract.verdicts import MmResult, Verdict

START = datetime(2026, 1, 31, 9, tzinfo=UTC)


def make_event(**overrides: Any) -> Event:  # noqa: ANN401
    """A CLEANING_ATTEMPT without a clip, unless told otherwise; `event_id` and `needs_mm` follow the other fields.

    `at_s` is shorthand for `ts`: seconds after START.
    """
    at_s = overrides.pop("at_s", 0.0)
    fields: dict[str, Any] = {
        "event_type": EventType.CLEANING_ATTEMPT,
        "store_id": "gym_demo",
        "camera_id": "cam_01",
        "machine_id": "treadmill_01",
        "session_id": UUID(int=1),
        "ts": START + timedelta(seconds=at_s),
        "media_time_s": at_s,
        "track_id": 3,
        "confidence": 0.9,
        "attributes": {},
    } | overrides
    event_type = EventType(fields["event_type"])
    fields.setdefault("needs_mm", event_type is EventType.CLEANING_ATTEMPT)
    if "event_id" not in fields:
        fields["event_id"] = make_event_id(
            fields["store_id"], fields["camera_id"], fields["machine_id"], event_type, fields["ts"]
        )
    return Event.model_validate(fields)


def make_result(**overrides: Any) -> MmResult:  # noqa: ANN401
    """A verdict as a worker gives it."""
    fields: dict[str, Any] = {
        "verdict": Verdict.CLEANED,
        "confidence": 0.8,
        "summary": "A person wipes the handles.",
        "model": "mock",
        "prompt_version": "1",
        "frame_times_s": (0.5, 1.5),
        "latency_ms": 12.5,
        "raw": {"verdict": "cleaned"},
    } | overrides
    return MmResult.model_validate(fields)
