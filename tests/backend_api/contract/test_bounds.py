"""Bounds: what no clock, camera or person means is refused on arrival with its cure, and read when it is stored."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from backend_api.contract.bounds import MAX_AHEAD, OutOfBounds, check_event, check_report
from backend_api.contract.cameras import CameraReport, CameraSetup
from backend_api.contract.events import ClipInfo, Event, EventType
from backend_api.contract.values import MAX_CORNERS, MAX_COUNT, MAX_PIXELS, MAX_SECONDS
from backend_api.contract.zones import zone_problem
from tests.backend_api.events import START, make_event

REPORT: dict[str, Any] = {
    "store_id": "gym_demo", "media_time_s": 1.0, "frames_captured": 1, "frames_processed": 1, "frames_skipped": 0,
    "outbox_depth": 0, "version": "1", "started_at": START,
}  # fmt: skip
CLIP: dict[str, Any] = {
    "start_ts": START, "end_ts": START, "codec": "h264", "width": 2, "height": 2, "bytes": 1, "sha256": 64 * "0",
}  # fmt: skip


def window(closes_at: str) -> Event:
    return make_event(event_type=EventType.CLEANING_WINDOW_OPEN, attributes={"closes_at": closes_at})


def clip(**fields: object) -> Event:
    return make_event(clip=ClipInfo.model_validate(CLIP | fields))


FAULTS: list[tuple[Event, str]] = [
    (make_event(ts=datetime.fromisoformat("9999-12-31T23:59:59Z")), "ts"),
    (make_event(ts=datetime.fromisoformat("2100-01-01T00:00:00Z")), "ts"),
    (make_event(ts=datetime.fromisoformat("1999-12-31T23:59:59Z")), "ts"),
    (make_event(ts=START + MAX_AHEAD + timedelta(seconds=1)), "ts"),
    (make_event(track_id=MAX_COUNT + 1), "track_id"),
    (make_event(track_id=10**400), "track_id"),
    (make_event(media_time_s=float(MAX_SECONDS + 1)), "media_time_s"),
    (clip(bytes=10**400), "clip.bytes"),
    (clip(width=MAX_PIXELS + 1), "clip.width"),
    (clip(height=MAX_PIXELS + 1), "clip.height"),
    (clip(start_ts="1970-01-01T00:00:00Z"), "clip.start_ts"),
    (clip(end_ts="2099-01-01T00:00:00Z"), "clip.end_ts"),
    (clip(gaps=[{"start_ts": "1970-01-01T00:00:00Z", "end_ts": START}]), "clip.gaps"),
    (window("9999-12-31T23:59:59Z"), "attributes.closes_at"),
    (window("2026-02-03T09:00:00Z"), "attributes.closes_at"),
    (make_event(attributes={"zone": [[n / 200, n % 2] for n in range(MAX_CORNERS + 1)]}), "attributes.zone"),
    (make_event(attributes={"seconds_into_window": 1e300}), "attributes.seconds_into_window"),
    (
        make_event(event_type=EventType.MACHINE_OCCUPIED_END, attributes={"occupied_s": 10**20}),
        "attributes.occupied_s",
    ),
]


@pytest.mark.parametrize(("event", "field"), FAULTS)
def test_what_cannot_be_is_named(event: Event, field: str) -> None:
    with pytest.raises(OutOfBounds) as raised:
        check_event(event, START)
    assert raised.value.field == field


@pytest.mark.parametrize("event", [event for event, _ in FAULTS])
def test_what_was_stored_before_there_were_bounds_is_read(event: Event) -> None:
    assert Event.model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize(
    "event",
    [
        make_event(),
        make_event(ts=START + MAX_AHEAD),
        make_event(ts=datetime.fromisoformat("2000-01-01T00:00:00Z")),
        make_event(track_id=MAX_COUNT, media_time_s=float(MAX_SECONDS)),
        clip(bytes=MAX_COUNT, width=MAX_PIXELS, height=MAX_PIXELS),
        window("2026-02-01T09:00:00Z"),
        make_event(attributes={"zone": [[n / 200, n % 2] for n in range(MAX_CORNERS)]}),
        # Attributes of a later version are nobody's business here.
        make_event(attributes={"another": 10**400}),
    ],
)
def test_what_can_be_is_taken(event: Event) -> None:
    check_event(event, START)


def test_a_clock_that_was_never_set_judges_no_other() -> None:
    check_event(make_event(), START.replace(year=1970))
    with pytest.raises(OutOfBounds, match="set the clock of the edge"):
        check_event(make_event(ts=START.replace(year=2101)), START.replace(year=1970))


def test_a_report_is_bounded() -> None:
    check_report(CameraReport.model_validate(REPORT), START)
    with pytest.raises(OutOfBounds, match="set the clock that is wrong"):
        check_report(CameraReport.model_validate(REPORT | {"started_at": START + timedelta(days=2)}), START)
    for field in ("frames_captured", "frames_processed", "frames_skipped", "outbox_depth", "media_time_s"):
        with pytest.raises(ValidationError, match=field):
            CameraReport.model_validate(REPORT | {field: 10**400 if field != "media_time_s" else 1e300})


def test_a_zone_is_bounded_wherever_it_is_read() -> None:
    corners = [(n / 1000, (n % 2) / 2) for n in range(MAX_CORNERS + 1)]
    assert "at most 100" in (zone_problem(corners) or "")
    machine = {"machine_id": "bike", "name": "Bike", "zone": corners}
    with pytest.raises(ValidationError, match="zone"):
        CameraSetup.model_validate({"store_id": "gym", "machines": [machine], "config": None})
