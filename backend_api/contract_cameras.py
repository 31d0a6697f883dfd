"""What an edge says of its camera, and what follows from it."""

from enum import StrEnum

from pydantic import Field, NonNegativeInt

from backend_api.contract_types import Name, Seconds, Timestamp, Value

HEARTBEAT_INTERVAL_S = 5.0
# Two reports may be lost on the way, as in a restart of the backend; after a minute somebody should go and look.
UP_WITHIN_S = 3 * HEARTBEAT_INTERVAL_S
LATE_WITHIN_S = 60.0


class CameraReport(Value):
    """What an edge says of its camera every HEARTBEAT_INTERVAL_S; frames are counted since `started_at`."""

    store_id: Name
    media_time_s: Seconds = Field(description="How far the stream has come, by the video's own time stamps.")
    frames_captured: NonNegativeInt = Field(description="Frames that the source delivered, processed or skipped.")
    frames_processed: NonNegativeInt
    frames_skipped: NonNegativeInt
    outbox_depth: NonNegativeInt = Field(description="Events that wait to be sent.")
    last_error: str | None = Field(default=None, max_length=500, description="What is wrong at present, if anything.")
    version: str = Field(max_length=64, description="The edge's release.")
    started_at: Timestamp


class CameraStatus(StrEnum):
    """Whether a camera's edge still reports: it does, it is behind with it, or it has stopped."""

    UP = "up"
    LATE = "late"
    GONE = "gone"


class CameraState(CameraReport):
    """A camera's last report, when it came, and what follows from its age."""

    camera_id: Name
    reported_at: Timestamp
    age_s: Seconds
    status: CameraStatus


class CameraList(Value):
    """Every camera that ever reported, by store and name."""

    items: list[CameraState]
