"""The one truth about events, which edge, backend, worker and dashboard tell each other."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue, NonNegativeInt, PositiveInt, model_validator

from backend_api.contract.corrections import StoredCorrection
from backend_api.contract.values import (
    MAX_COUNT,
    Confidence,
    Name,
    Seconds,
    Sha256,
    Timestamp,
    Value,
    Zone,
    format_timestamp,
)
from backend_api.contract.verdicts import Enrichment, StoredReview

SCHEMA_VERSION: Literal[1] = 1
MAX_BATCH_LINES = 1_000
MAX_BATCH_BYTES = 8 * 1024 * 1024
PICTURES, NO_PICTURES = "pictures", "none"
"""An event whose `attributes.pictures` is `none` is one of which its camera keeps no clip: nobody is asked about it."""
NOT_ASKED_REASON = "no pictures: a setting of its camera (privacy.pictures: none, or clip.events: attempts)"
# Any fixed UUID serves as the name space of UUIDv5 (RFC 9562, section 5.5); this one names the product.
_EVENT_NAMESPACE = UUID("8a2f6f0e-3c57-5d0b-9a57-6d0c5b1f7e21")


class EventType(StrEnum):
    """The kinds of events that the rule engine makes."""

    MACHINE_OCCUPIED_START = "MACHINE_OCCUPIED_START"
    MACHINE_OCCUPIED_END = "MACHINE_OCCUPIED_END"
    CLEANING_WINDOW_OPEN = "CLEANING_WINDOW_OPEN"
    CLEANING_ATTEMPT = "CLEANING_ATTEMPT"


class EndReason(StrEnum):
    """Why an occupancy ended: somebody left, the video ended, no picture came for too long, the edge was restarted,
    or the machine's zone or rules were changed.

    Only where somebody was seen to have left does a cleaning window open.
    """

    LEFT = "left"
    END_OF_STREAM = "end_of_stream"
    UNOBSERVED = "unobserved"
    RECOVERED = "recovered"
    RECONFIGURED = "reconfigured"


class Gap(Value):
    """A time of which a live camera gave no picture that the clip shows; it holds the last one meanwhile, or ends."""

    start_ts: Timestamp
    end_ts: Timestamp


MaskKind = Literal["none", "heads", "people"]


class ClipMask(Value):
    """All that was hidden in a clip, its thumbnail and all that was made of it: by the edge, before anything was
    written, or afterwards by a person's wish.
    """

    mask: MaskKind = Field(
        description="`heads` or whole `people` are pixelated where the detector saw them; `none`: neither."
    )
    areas: NonNegativeInt = Field(default=0, le=1000, description="Number of areas that are black.")
    only_zones: bool = Field(
        default=False, description="Whether all that lies outside of the machines' zones, and a margin, is pixelated."
    )
    detector: str | None = Field(
        default=None, max_length=200, description="Which detector said where people are; null where none was asked."
    )
    afterwards: bool = Field(
        default=False,
        exclude_if=lambda afterwards: not afterwards,
        description="Whether a person had the clip masked after it had been stored, by the pictures in it alone.",
    )


class ClipInfo(Value):
    """A clip that lies in the media folder as `<event_id>.mp4`: H.264 yuv420p, its index first, without sound."""

    start_ts: Timestamp
    end_ts: Timestamp
    codec: Literal["h264"]
    width: PositiveInt
    height: PositiveInt
    bytes: PositiveInt
    sha256: Sha256
    gaps: tuple[Gap, ...] = Field(
        default=(),
        exclude_if=lambda gaps: not gaps,  # so that a clip without gaps reads as it did before there were any
        description="Where the pictures are missing, in the order of time; left out when none are.",
        examples=[[{"start_ts": "2026-01-31T09:00:41.200Z", "end_ts": "2026-01-31T09:00:44.960Z"}]],
    )

    masked: ClipMask | None = Field(
        default=None,
        exclude_if=lambda masked: masked is None,  # as with gaps
        description="All that was hidden before the clip was written; left out when nothing was.",
        examples=[{"mask": "heads", "areas": 1, "only_zones": False, "detector": "onnx"}],
    )

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end_ts < self.start_ts:
            raise ValueError("clip.end_ts lies before clip.start_ts")
        return self


class EndAttributes(BaseModel):
    """Attributes of MACHINE_OCCUPIED_END; more may be added by later versions."""

    model_config = ConfigDict(frozen=True, extra="allow")
    occupied_s: Seconds | None = None
    end_reason: EndReason | None = None
    zone: Zone | None = Field(default=None, description="The machine's zone, as a CLEANING_ATTEMPT has it.")


class WindowAttributes(BaseModel):
    """Attributes of CLEANING_WINDOW_OPEN; more may be added by later versions."""

    model_config = ConfigDict(frozen=True, extra="allow")
    closes_at: Timestamp | None = None


class AttemptAttributes(BaseModel):
    """Attributes of CLEANING_ATTEMPT; more may be added by later versions."""

    model_config = ConfigDict(frozen=True, extra="allow")
    seconds_into_window: Seconds | None = None
    zone: Zone | None = Field(default=None, description="The machine's zone: a polygon of points [x, y] in 0..1.")


_ATTRIBUTES: dict[EventType, type[BaseModel]] = {
    EventType.MACHINE_OCCUPIED_END: EndAttributes,
    EventType.CLEANING_WINDOW_OPEN: WindowAttributes,
    EventType.CLEANING_ATTEMPT: AttemptAttributes,
}


class Event(Value):
    """One thing that happened at one machine, as the edge reports it. Immutable for ever once it is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "event_id": "0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11",
                    "event_type": "CLEANING_ATTEMPT",
                    "store_id": "gym_demo",
                    "camera_id": "cam_01",
                    "machine_id": "treadmill_01",
                    "session_id": "5f1d6f0e-7a5b-5f6e-8d0a-2b9f1f6a7c10",
                    "ts": "2026-01-31T09:30:00.000Z",
                    "media_time_s": 27.4,
                    "track_id": 3,
                    "confidence": 0.91,
                    "needs_mm": True,
                    "clip": None,
                    "clip_error": "no space left on the disk of the media folder",
                    "attributes": {"seconds_into_window": 8.2},
                    "schema_version": 1,
                }
            ]
        }
    )

    event_id: UUID = Field(description="UUIDv5 of (store, camera, machine, type, ts): a repeated run repeats its ids.")
    event_type: EventType
    store_id: Name
    camera_id: Name
    machine_id: Name
    session_id: UUID = Field(
        description="The event_id of the MACHINE_OCCUPIED_START that began this use of the machine."
    )
    ts: Timestamp = Field(description="When it happened: RFC 3339 with a zone, kept in UTC to the millisecond.")
    media_time_s: Seconds = Field(description="Seconds since the start of the stream, by the video's own time stamps.")
    track_id: NonNegativeInt | None = Field(default=None, json_schema_extra={"maximum": MAX_COUNT})
    confidence: Confidence = Field(
        description=(
            "The mean score of the detections by which somebody came to be known to stay. END and WINDOW_OPEN repeat "
            "that of their START."
        )
    )
    needs_mm: bool = Field(
        description=(
            "True for CLEANING_ATTEMPT alone: these wait for the model's verdict, unless `attributes.pictures` is "
            "`none`: there is nothing to look at then. About a MACHINE_OCCUPIED_END the backend asks by itself, when "
            "the answer matters."
        )
    )
    clip: ClipInfo | None = None
    clip_error: str | None = Field(default=None, max_length=500, description="Why there is no clip.")
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    schema_version: Literal[1] = SCHEMA_VERSION

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.needs_mm != (self.event_type is EventType.CLEANING_ATTEMPT):
            raise ValueError("needs_mm is true for CLEANING_ATTEMPT and false for every other event_type")
        if self.clip is not None and self.clip_error is not None:
            raise ValueError("clip and clip_error exclude each other: an event has its clip or the reason why not")
        if schema := _ATTRIBUTES.get(self.event_type):
            schema.model_validate(self.attributes)
        return self

    def closes_at(self) -> datetime | None:
        """When the cleaning window of a CLEANING_WINDOW_OPEN closes; None for every other event."""
        if self.event_type is not EventType.CLEANING_WINDOW_OPEN:
            return None
        return WindowAttributes.model_validate(self.attributes).closes_at


class StoredEvent(Event):
    """An event as the backend answers it."""

    received_at: Timestamp
    media_url: str | None = Field(
        description="Where the clip plays, relative to the backend's address; null without one."
    )
    thumbnail_url: str | None
    frame_urls: tuple[str, ...] = Field(
        default=(),
        description=(
            "Where the frames are that the model was shown, in the order of `mm.result.frame_times_s`, relative to the "
            "backend's address, each with its number behind `/frames/`; one that is not kept is left out."
        ),
    )
    mm: Enrichment | None = Field(
        description=(
            "Null as long as no model is asked about the event. A MACHINE_OCCUPIED_END is asked about when its window "
            "has closed without an attempt, or the attempt's verdict is not `cleaned`."
        )
    )
    review: StoredReview | None = Field(
        default=None, description="The latest one, null when it was withdrawn; /events/{event_id}/reviews has all."
    )
    correction: StoredCorrection | None = Field(
        default=None,
        description=(
            "The latest correction of the use that it belongs to, null when it was withdrawn; "
            "/sessions/{session_id}/corrections has all."
        ),
    )


class EventPage(Value):
    """One page of events; `next_cursor` is null on the last page."""

    items: list[StoredEvent]
    next_cursor: str | None


class RejectedLine(Value):
    """Why one line of a batch was not stored: `line` counts from 1, `status` is what POST /events would have said."""

    line: PositiveInt
    event_id: str | None
    status: int
    error: str


class BatchResult(Value):
    """The outcome of a batch: one bad line stops no other."""

    stored: NonNegativeInt
    duplicates: NonNegativeInt
    rejected: list[RejectedLine]


def has_pictures(attributes: Mapping[str, JsonValue]) -> bool:
    """Whether the camera of the event with these attributes keeps pictures, so that a model can be asked about it."""
    return attributes.get(PICTURES) != NO_PICTURES


def make_event_id(store_id: str, camera_id: str, machine_id: str, event_type: EventType, ts: datetime) -> UUID:
    """The id that an event has by what it is, so that the same run makes the same ids and a repeat is recognised."""
    # The separator cannot stand in a Name, so different tuples cannot meet in the same text.
    return uuid5(_EVENT_NAMESPACE, "|".join([store_id, camera_id, machine_id, event_type, format_timestamp(ts)]))
