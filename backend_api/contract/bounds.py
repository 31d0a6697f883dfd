"""The bounds of what arrives: times that a clock may say, counts that a reader can hold, corners that a zone may have.

An arrival beyond them is refused, with the cure. Stored values are read without them, so that one absurd event
of an earlier release stops nobody from reading the others.
"""

from datetime import UTC, datetime, timedelta

from backend_api.contract.cameras import CameraReport
from backend_api.contract.events import Event
from backend_api.contract.sources import SOURCE, source_of
from backend_api.contract.values import MAX_CORNERS, MAX_COUNT, MAX_PIXELS, MAX_SECONDS, format_timestamp

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(days=1)
# A computer without a battery begins in the year in which its clock was built: such a clock judges no other.
_CLOCK_IS_SET = datetime(2025, 1, 1, tzinfo=UTC)


class OutOfBounds(ValueError):
    """A value that no clock, camera or person means; the message names the cure, `field` where it stands."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def check_event(event: Event, now: datetime) -> None:
    """Raise OutOfBounds when `event`, which arrives at `now` (aware), says what cannot be."""
    _check_time("ts", event.ts, now)
    _check_number("media_time_s", event.media_time_s, MAX_SECONDS)
    _check_number("track_id", event.track_id or 0, MAX_COUNT)
    if event.clip is not None:
        _check_number("clip.width", event.clip.width, MAX_PIXELS)
        _check_number("clip.height", event.clip.height, MAX_PIXELS)
        _check_number("clip.bytes", event.clip.bytes, MAX_COUNT)
        _check_time("clip.start_ts", event.clip.start_ts, now)
        _check_time("clip.end_ts", event.clip.end_ts, now)
        for gap in event.clip.gaps:
            _check_time("clip.gaps", gap.start_ts, now)
            _check_time("clip.gaps", gap.end_ts, now)
    closes_at = event.closes_at()
    if closes_at is not None:
        # A window closes some time after its event.
        _check_time("attributes.closes_at", closes_at, now + MAX_AHEAD)
    zone = event.attributes.get("zone")
    if isinstance(zone, list) and len(zone) > MAX_CORNERS:
        message = f"{len(zone)} corners; a zone has at most {MAX_CORNERS}: draw it with fewer"
        raise OutOfBounds("attributes.zone", message)
    if SOURCE in event.attributes and source_of(event.attributes) is None:
        message = "says by what the event was found: at least edge_version and detector, hashes as 64 hex digits"
        raise OutOfBounds(f"attributes.{SOURCE}", message)
    for name in ("occupied_s", "seconds_into_window"):
        value = event.attributes.get(name)
        if isinstance(value, (int, float)):
            _check_number(f"attributes.{name}", value, MAX_SECONDS)


def check_report(report: CameraReport, now: datetime) -> None:
    """Raise OutOfBounds when `report`, which arrives at `now` (aware), says what cannot be."""
    _check_time("started_at", report.started_at, now)


def _check_time(field: str, instant: datetime, now: datetime) -> None:
    if not EARLIEST <= instant < LATEST:
        message = f"{format_timestamp(instant)} lies outside the years 2000 to 2099; set the clock of the edge"
        raise OutOfBounds(field, message)
    if now >= _CLOCK_IS_SET and instant > now + MAX_AHEAD:
        message = (
            f"{format_timestamp(instant)} is more than a day ahead of the backend's clock, {format_timestamp(now)}; "
            "set the clock that is wrong, of the edge or of the backend"
        )
        raise OutOfBounds(field, message)


def _check_number(field: str, number: float, most: int) -> None:
    if number > most:
        raise OutOfBounds(field, f"larger than {most}, which nothing that is counted here reaches")
