"""An edge's reports on its camera, and the state that follows from them."""

from collections import Counter
from enum import StrEnum

from pydantic import Field, field_validator

from backend_api.contract.values import (
    MAX_CORNERS,
    MAX_SECONDS,
    NO_NUL,
    Count,
    Kind,
    Name,
    Seconds,
    Timestamp,
    Value,
    Zone,
)

HEARTBEAT_INTERVAL_S = 5.0
# Two reports may be lost on the way, as in a restart of the backend; after a minute somebody should go and look.
UP_WITHIN_S = 3 * HEARTBEAT_INTERVAL_S
LATE_WITHIN_S = 60.0
# How often an edge sends its camera's setup and a new still.
SETUP_INTERVAL_S = 600.0
MAX_CONFIG_CHARACTERS = 64 * 1024
MAX_STILL_BYTES = 2 * 1024**2
MAX_ATTEMPT_DELAY_S = 3600.0
MAX_MACHINES = 500
# An edge has at most 64 cameras.
MAX_REPORTS = 500
# The kind of the detector that invents people.
MOCK_DETECTOR = "mock"


MAX_NETWORK_PX = 8192
_MAX_RUNTIME_CHARACTERS = 32
_MAX_REASON_CHARACTERS = 300


class DecoderReport(Value):
    """The decoder of the pictures that are looked at."""

    runs_on: str = Field(max_length=_MAX_RUNTIME_CHARACTERS, description="The hardware: `cpu`, `cuda`, `qsv`, ...")
    why_not: str | None = Field(
        default=None, max_length=_MAX_REASON_CHARACTERS, description="Why it is not the hardware that was wanted."
    )


class NetworkReport(DecoderReport):
    """A detector's network: its hardware, the size in which it is given pictures, and its time for one."""

    width: int = Field(ge=1, le=MAX_NETWORK_PX, description="Pixels of the network's input.")
    height: int = Field(ge=1, le=MAX_NETWORK_PX)
    frame_ms: float | None = Field(
        default=None,
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="Milliseconds that a frame takes, scaling and waiting for a turn at the network included: the "
        "median of the last ones. Null until there are some.",
    )


class CameraReport(Value):
    """An edge's report on its camera, sent every HEARTBEAT_INTERVAL_S; frames are counted since `started_at`."""

    store_id: Name
    media_time_s: Seconds = Field(
        le=MAX_SECONDS, description="How far the stream has come, by the video's own time stamps."
    )
    frames_captured: Count = Field(description="Frames that the source delivered, processed or skipped.")
    frames_processed: Count
    frames_skipped: Count
    outbox_depth: Count = Field(description="Events that wait to be sent.")
    last_error: str | None = Field(default=None, max_length=500, description="The present fault, if there is one.")
    version: str = Field(max_length=64, description="The edge's release.")
    started_at: Timestamp
    detector: str | None = Field(
        default=None,
        max_length=64,
        description="The detector's kind: `onnx` detects people, `mock` invents them. Null from an earlier release.",
    )
    network: NetworkReport | None = Field(
        default=None,
        description="The detector's network and its hardware; null without one, and from an earlier release.",
    )
    decoder: DecoderReport | None = Field(
        default=None, description="The decoder of the pictures that are looked at. Null from an earlier release."
    )
    is_blind: bool = Field(
        default=False,
        description="Whether pictures come, but none is looked at, or too few for the rules; `last_error` says why.",
    )
    has_signal: bool = Field(
        default=True, description="Whether the camera sends pictures; where it does not, `last_error` says why."
    )
    has_ended: bool = Field(
        default=False, description="Whether the stream came to its end and the edge stops: its last report."
    )

    @property
    def is_watching(self) -> bool:
        """Whether the machines of this camera are watched."""
        return self.has_signal and not self.is_blind


class NamedReport(Value):
    """The report on one of several cameras."""

    camera_id: Name
    report: CameraReport


class CameraReports(Value):
    """An edge's reports on all of its cameras, in one request, and each camera once."""

    reports: tuple[NamedReport, ...] = Field(min_length=1, max_length=MAX_REPORTS)

    @field_validator("reports")
    @classmethod
    def _check_names(cls, reports: tuple[NamedReport, ...]) -> tuple[NamedReport, ...]:
        for (store_id, camera_id), count in Counter((one.report.store_id, one.camera_id) for one in reports).items():
            if count > 1:
                raise ValueError(
                    f"{count} reports are on camera {camera_id} of store {store_id}; send the newest alone"
                )
        return reports


class TakenReports(Value):
    """How many cameras' reports were taken: all of the request's."""

    taken: Count


class CameraStatus(StrEnum):
    """Whether a camera's edge still reports: it does, it is behind with it, or it has stopped.

    `blind`: it reports, and its pictures are not looked at. `no_signal`: it reports, and no pictures come. `ended`: its
    stream came to its end, as a file's does.
    """

    UP = "up"
    BLIND = "blind"
    NO_SIGNAL = "no_signal"
    LATE = "late"
    GONE = "gone"
    ENDED = "ended"


class CameraState(CameraReport):
    """A camera's last report, when it came, and what follows from its age."""

    camera_id: Name
    reported_at: Timestamp
    age_s: Seconds
    status: CameraStatus


class CameraList(Value):
    """A page of the cameras that ever reported, by store and name."""

    items: list[CameraState]
    next_cursor: str | None = Field(default=None, description="Where the next page begins; null on the last page.")


class MachineSetup(Value):
    """A machine as its edge is configured to watch it."""

    machine_id: Name
    name: str = Field(min_length=1, max_length=100, pattern=NO_NUL, description="The name that people use.")
    kind: Kind | None = Field(
        default=None, description="Its kind, e.g. treadmill: machines of one kind stand in for each other."
    )
    zone: Zone = Field(
        max_length=MAX_CORNERS,
        description="The polygon's corners in order: x and y from 0 (left, top) to 1 (right, bottom).",
    )


class CameraSetup(Value):
    """The machines that an edge watches in its camera's picture, sent when it starts and every SETUP_INTERVAL_S."""

    store_id: Name
    machines: tuple[MachineSetup, ...] = Field(max_length=MAX_MACHINES)
    config: str | None = Field(
        max_length=MAX_CONFIG_CHARACTERS,
        description="The edge's configuration file as YAML, without its comments; null when the edge keeps it back.",
    )
    attempt_delay_s: Seconds | None = Field(
        default=None,
        le=MAX_ATTEMPT_DELAY_S,
        description="How long after a cleaning attempt began its event may still be made: its clip ends so late. Null "
        "from an earlier release.",
    )

    areas: tuple[Zone, ...] | None = Field(
        default=None,
        max_length=50,
        description="The areas of the picture that are always black. Null from an earlier release.",
    )
    takes_zones: bool = Field(
        default=False, description="Whether the edge takes zones that are drawn in the dashboard, and writes its file."
    )
    gives_looks: bool = Field(
        default=False, description="Whether the edge answers when somebody asks for a look at what its camera sees now."
    )
    keeps_pictures: bool = Field(default=True, description="Whether it sends pictures (`privacy.pictures`).")

    @field_validator("machines")
    @classmethod
    def _check_ids(cls, machines: tuple[MachineSetup, ...]) -> tuple[MachineSetup, ...]:
        for machine_id, count in Counter(machine.machine_id for machine in machines).items():
            if count > 1:
                raise ValueError(f"{machine_id} is the id of {count} machines; give each its own")
        return machines


class CameraSetupState(CameraSetup):
    """A camera's last setup, when it came, and of when its still is, if there is one."""

    camera_id: Name
    reported_at: Timestamp
    still_at: Timestamp | None
