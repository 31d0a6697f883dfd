"""Events, sessions and figures as the backend might answer them, each field open to be overridden."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.contract.events import StoredEvent
from backend_api.contract.sessions import Machine, MachineState, Session, SessionOutcome
from backend_api.contract.stats import BucketFigures, Figures, MachineFigures
from backend_api.contract.values import MachineKey
from backend_api.contract.verdicts import Enrichment, MmStatus
from tests.backend_api.events import make_event

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def stored(**overrides: Any) -> StoredEvent:  # noqa: ANN401
    """An event as the backend answers it, without media; like `make_event`. An attempt waits for its verdict."""
    event = make_event(**overrides)
    mm = Enrichment(status=MmStatus.PENDING, attempts=0) if event.needs_mm else None
    answer = {"received_at": event.ts, "media_url": None, "thumbnail_url": None, "mm": mm}
    return StoredEvent.model_validate(event.model_dump() | answer)


def make_session(at: datetime = NOON, **overrides: Any) -> Session:  # noqa: ANN401
    """A use of ten minutes that begins at `at`; its window of two minutes passed without an attempt."""
    fields: dict[str, Any] = {
        "store_id": "gym",
        "camera_id": "cam",
        "machine_id": "bike",
        "machine_name": "Bike",
        "outcome": SessionOutcome.NOT_ATTEMPTED,
        "is_final": True,
        "cleaned": None,
        "started_at": at,
        "ended_at": at + timedelta(minutes=10),
        "occupied_s": 600.0,
        "end_reason": "left",
        "window_opened_at": at + timedelta(minutes=10),
        "window_closes_at": at + timedelta(minutes=12),
        "attempt_event_id": None,
        "attempt_at": None,
        "end_event_id": None,
        "judged_event_id": None,
        "verdict": None,
        "mm_status": None,
        "review": None,
        "correction": None,
        "source": None,
        "thumbnail_url": None,
    } | overrides
    names = f"{fields['store_id']} {fields['camera_id']} {fields['machine_id']} {at.isoformat()}"
    return Session.model_validate({"session_id": uuid5(NAMESPACE_OID, names), **fields})


def make_machine(name: str = "Bike", at: datetime = NOON, **overrides: Any) -> Machine:  # noqa: ANN401
    """A machine that is free since `at`, unless told otherwise; its id follows from its name."""
    fields: dict[str, Any] = {
        "store_id": "gym",
        "camera_id": "cam",
        "machine_id": name.lower().replace(" ", "_"),
        "name": name,
        "state": MachineState.FREE,
        "since": at,
        "closes_at": None,
        "session": make_session(at),
    } | overrides
    return Machine.model_validate(fields)


def make_camera(status: CameraStatus, reported_at: datetime = NOON, **overrides: Any) -> CameraState:  # noqa: ANN401
    """A camera whose edge reported last at `reported_at`."""
    fields: dict[str, Any] = {
        "store_id": "gym",
        "camera_id": "cam",
        "media_time_s": 60.0,
        "frames_captured": 1800,
        "frames_processed": 300,
        "frames_skipped": 1500,
        "outbox_depth": 0,
        "version": "0.1.0",
        "started_at": reported_at - timedelta(minutes=1),
        "reported_at": reported_at,
        "age_s": 0.0,
        "status": status,
    } | overrides
    return CameraState.model_validate(fields)


def make_figures(**overrides: Any) -> Figures:  # noqa: ANN401
    """What there is to say of a time in which nothing happened."""
    return Figures.model_validate(_NOTHING | overrides)


def make_bucket(begin: datetime, end: datetime, **overrides: Any) -> BucketFigures:  # noqa: ANN401
    """The figures of an hour or a day."""
    return BucketFigures.model_validate({"begin": begin, "end": end, **_NOTHING, **overrides})


def make_machine_figures(place: MachineKey, **overrides: Any) -> MachineFigures:  # noqa: ANN401
    """The figures of a machine."""
    names = {"store_id": place.store_id, "camera_id": place.camera_id, "machine_id": place.machine_id}
    return MachineFigures.model_validate({**names, **_NOTHING, **overrides})


_NOTHING: dict[str, Any] = {
    "occupied_s": 0.0,
    "observed_s": 0.0,
    "utilisation": None,
    "sessions": 0,
    "sessions_reported": 0,
    "sessions_corrected": 0,
    "median_stay_s": None,
    "windows_closed": 0,
    "windows_after_hours": 0,
    "windows_cleaned": 0,
    "windows_cleaned_before_leaving": 0,
    "windows_not_attempted": 0,
    "windows_not_cleaned": 0,
    "windows_cannot_tell": 0,
    "windows_unjudged": 0,
    "compliance": None,
    "median_to_clean_s": None,
}
