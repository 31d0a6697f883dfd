"""Doubts about clocks: said with the reason, and once a minute and camera at most."""

from datetime import timedelta

import pytest

from backend_api.contract.cameras import CameraReport
from backend_api.store.store import Store
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.events import make_event
from tests.fake_clock import FakeClock


def test_an_event_far_off_its_arrival_is_told_once_a_minute_and_camera(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.events.add([make_event(at_s=at_s, media_time_s=0) for at_s in (-60, 0, 60)])
    assert caplog.records == []
    store.events.add([make_event(at_s=at_s, media_time_s=0) for at_s in (-61, -62, -63)])
    store.events.add([make_event(at_s=at_s, camera_id="cam_02") for at_s in (400, 401)])
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "camera cam_01 at gym_demo",
        "camera cam_02 at gym_demo",
    ]
    late, early = (record.getMessage() for record in caplog.records)
    assert "61 s before it arrived" in late
    assert "outbox" in late
    assert "400 s after it arrived" in early
    assert "clock of its edge is ahead" in early
    clock.advance(59)
    store.events.add([make_event(at_s=-100, media_time_s=0)])
    assert len(caplog.records) == 2
    clock.advance(1)
    store.events.add([make_event(at_s=-101, media_time_s=0)])
    # What came before is no news.
    store.events.add([make_event(at_s=-101, media_time_s=0)])
    assert len(caplog.records) == 3


def test_a_report_of_an_edge_that_starts_in_the_future_is_told(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    for ahead_s in (0, 30, 90):
        started_at = clock.now() + timedelta(seconds=ahead_s)
        store.cameras.report("cam_01", CameraReport.model_validate(REPORT | {"started_at": started_at}))
    [record] = caplog.records
    assert "90 s after it arrived" in record.getMessage()
