"""The report of the rule engine: something happened at a machine, in media time."""

from dataclasses import dataclass

from backend_api.contract.events import EndReason, EventType


@dataclass(frozen=True, slots=True)
class RuleEvent:
    """One event before it has a wall-clock time, an id and a clip.

    All times are media time in seconds. `time_s` is when it happened, not when it was noticed; `session_start_s` is the
    `time_s` of the START that began the session. The last four fields are set for the types that they belong to:
    END has `occupied_s` and `end_reason`, WINDOW_OPEN has `closes_at_s`, ATTEMPT has `seconds_into_window`.
    """

    event_type: EventType
    machine_id: str
    time_s: float
    session_start_s: float
    track_id: int | None
    confidence: float
    occupied_s: float | None = None
    end_reason: EndReason | None = None
    closes_at_s: float | None = None
    seconds_into_window: float | None = None
