"""The contract: what an event may say, and that it says the same thing in the same bytes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend_api.contract.events import Event, EventType, make_event_id
from backend_api.contract.media import clip_name, thumbnail_name
from backend_api.contract.values import format_timestamp

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
CLIP = {
    "start_ts": "2026-01-31T09:29:57.000Z",
    "end_ts": "2026-01-31T09:30:05.000Z",
    "codec": "h264",
    "width": 1280,
    "height": 720,
    "bytes": 12345,
    "sha256": "0" * 64,
}


def body(**changes: object) -> dict[str, Any]:
    event = {
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
        "clip": CLIP,
        "clip_error": None,
        "attributes": {"seconds_into_window": 8.2},
        "schema_version": 1,
    }
    return {**event, **changes}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31T10:30:00.1234567+01:00", "2026-01-31T09:30:00.123Z"),
        ("2026-01-31T23:59:59.9999-00:30", "2026-02-01T00:29:59.999Z"),
    ],
)
def test_time_stamps_are_kept_in_utc_to_the_millisecond(text: str, kept: str) -> None:
    assert Event.model_validate(body(ts=text)).model_dump(mode="json")["ts"] == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ts", "2026-01-31T09:30:00"),
        ("ts", 1769851800),
        ("event_id", "not-a-uuid"),
        ("event_type", "DOOR_OPEN"),
        ("camera_id", "../../etc/passwd"),
        ("camera_id", ""),
        ("machine_id", "a" * 65),
        ("store_id", "gym\ndemo"),
        ("media_time_s", -0.1),
        ("media_time_s", float("inf")),
        ("confidence", 1.01),
        ("confidence", float("nan")),
        ("track_id", -1),
        ("clip", {**CLIP, "sha256": "0" * 63}),
        ("clip", {**CLIP, "bytes": 0}),
        ("clip", {**CLIP, "end_ts": "2026-01-31T09:29:56.000Z"}),
        ("clip", {**CLIP, "codec": "mpeg4"}),
        ("schema_version", 2),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Event.model_validate(body(**{field: value}))
    assert refused.value.errors()[0]["loc"][0] == field


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"needs_mm": False}, "needs_mm"),
        ({"event_type": "MACHINE_OCCUPIED_START", "needs_mm": True}, "needs_mm"),
        ({"clip_error": "no disk"}, "exclude each other"),
        ({"attributes": {"seconds_into_window": -1}}, "seconds_into_window"),
        (
            {"event_type": "MACHINE_OCCUPIED_END", "needs_mm": False, "attributes": {"end_reason": "bored"}},
            "end_reason",
        ),
        (
            {"event_type": "CLEANING_WINDOW_OPEN", "needs_mm": False, "attributes": {"closes_at": "soon"}},
            "closes_at",
        ),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Event.model_validate(body(**changes))


def test_the_same_event_is_the_same_bytes_however_it_was_written() -> None:
    plain = Event.model_validate(body())
    shuffled = Event.model_validate(dict(reversed(body(ts="2026-01-31T10:30:00+01:00").items())))
    assert shuffled.model_dump_json() == plain.model_dump_json()
    assert Event.model_validate_json(plain.model_dump_json()) == plain


@given(
    at=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - zone below
    offset_minutes=st.integers(-14 * 60, 14 * 60),
)
def test_an_event_id_depends_on_the_instant_not_on_how_it_is_written(at: datetime, offset_minutes: int) -> None:
    utc = at.replace(tzinfo=UTC)
    elsewhere = utc.astimezone(timezone(timedelta(minutes=offset_minutes)))
    ids = {make_event_id("s", "c", "m", EventType.CLEANING_ATTEMPT, ts) for ts in (utc, elsewhere)}
    assert len(ids) == 1


def test_an_event_id_differs_with_each_of_its_parts() -> None:
    base: dict[str, Any] = {
        "store_id": "s",
        "camera_id": "c",
        "machine_id": "m",
        "event_type": EventType.CLEANING_ATTEMPT,
        "ts": AT,
    }
    others: dict[str, Any] = {
        "store_id": "s2",
        "camera_id": "c2",
        "machine_id": "m2",
        "event_type": EventType.MACHINE_OCCUPIED_END,
        "ts": AT + timedelta(milliseconds=1),
    }
    ids = {make_event_id(**base)} | {make_event_id(**{**base, name: other}) for name, other in others.items()}
    assert len(ids) == 1 + len(others)
    assert {event_id.version for event_id in ids} == {5}


def test_event_ids_stay_what_they_were() -> None:
    """A changed recipe would store every event of a repeated run a second time."""
    event_id = make_event_id("gym_demo", "cam_01", "treadmill_01", EventType.MACHINE_OCCUPIED_START, AT)
    assert event_id == UUID("b0e246a5-c735-582d-a983-218d063c220a")


def test_file_names_and_time_stamps() -> None:
    event_id = UUID(body()["event_id"])
    assert clip_name(event_id) == "0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11.mp4"
    assert thumbnail_name(event_id) == "0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11.jpg"
    assert format_timestamp(AT) == "2026-01-31T09:30:00.000Z"
