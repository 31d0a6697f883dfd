"""Gaps: found in the packets, kept by the ring, declared on the clip, which holds its picture over them."""

import base64
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from backend_api.contract.events import Event
from backend_api.contract.media import clip_name
from edge_service.video.gaps import Gap, is_gap, within
from edge_service.video.packet_ring import PacketRing
from tests.browser import open_page, plays
from tests.edge_service.clips.test_recorder import POST_S, PRE_S, START_TIME, TRACKS, hit_at, make_recorder
from tests.edge_service.encoded_packets import made_up_packet
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.scripted_camera import Sends, evenly, format_of, raw_packets
from tests.edge_service.video.live.test_reader import read

Drawn = Callable[[str], Path]

_times = st.integers(0, 100).map(float)
_gaps = st.lists(st.tuples(_times, _times).map(lambda pair: Gap(min(pair), max(pair))), max_size=6)


@given(_gaps, _times, _times)
def test_what_lies_within_is_covered_once_and_in_order(gaps: list[Gap], start_s: float, end_s: float) -> None:
    result = within(gaps, start_s, end_s)
    for instant in (number + 0.5 for number in range(100)):
        is_covered = start_s < instant < end_s and any(gap.start_s < instant < gap.end_s for gap in gaps)
        assert sum(gap.start_s < instant < gap.end_s for gap in result) == is_covered
    assert all(before.end_s < after.start_s for before, after in pairwise(result))


@pytest.mark.parametrize(("left_s", "expected"), [(1.0, True), (1.4, True), (1.6, False), (2.0, False), (2.1, False)])
def test_half_a_second_without_a_picture_is_a_gap(left_s: float, expected: bool) -> None:
    assert is_gap(left_s, made_up_packet(2000)) is expected


def ring_with(times_ms: list[int], *, reach_s: float = 60) -> PacketRing:
    """A key picture at each of `times_ms`, which stays for 100 ms."""
    ring = PacketRing(reach_s)
    for time_ms in times_ms:
        ring.append(made_up_packet(time_ms, is_key=True))
    return ring


def test_the_ring_notes_gaps() -> None:
    times_ms = [0, 100, 3000, 3100, 9000]
    assert ring_with(times_ms).gaps(0, 9) == (Gap(0.2, 3.0), Gap(3.2, 9.0))
    assert ring_with(times_ms).gaps(2, 3.15) == (Gap(2, 3.0),)


def test_a_silent_camera_has_a_gap_that_lasts() -> None:
    ring = ring_with([0, 100])
    ring.complete_until(7.0)
    assert ring.complete_s == 7.0
    assert ring.gaps(0, 9) == (Gap(0.2, 7.0),)


def test_what_is_asked_for_from_within_a_gap_begins_after_it() -> None:
    ring = ring_with([0, 100, 5000, 5100])
    assert [packet.pts for packet in ring.select(3.0, 9.0)] == [5000, 5100]
    assert [packet.pts for packet in ring.select(0.15, 9.0)] == [100, 5000, 5100]


def test_time_without_pictures_makes_the_ring_forget_nothing() -> None:
    times_ms = [*range(0, 3000, 100), *range(100_000, 103_000, 100)]
    ring = ring_with(times_ms, reach_s=5)
    assert [packet.pts for packet in ring.select(1.0, 1.2)] == [1000, 1100, 1200]
    assert ring.select(0.0, 0.2) == ()


def film(*script: Sends | str) -> PacketRing:
    ring = PacketRing(60)
    for packet in read(*script)[1]:
        ring.append(packet)
    return ring


def record(ring: PacketRing, folder: Path, time_s: float) -> Event:
    recorder = make_recorder(ring, folder)
    recorder.begin(hit_at(time_s), blank_frame(time_s), TRACKS)
    (event,) = recorder.finished(end_of_stream=True)
    return event


def pause(drawn: Drawn, kind: str, pause_s: float) -> Sends:
    """Three seconds of a camera whose pictures stay away for `pause_s` seconds after the first."""
    raw = evenly(raw_packets(drawn(kind)))
    stamped = [(wait_s + (pause_s if number == 25 else 0), packet) for number, (wait_s, packet) in enumerate(raw)]
    without_stamps = [(wait_s, type(packet)(packet.data, None, packet.is_key)) for wait_s, packet in stamped]
    return Sends(format_of(drawn(kind)), without_stamps)


@pytest.mark.parametrize("kind", ["no_b_frames", "motion_jpeg"])
def test_a_clip_over_a_gap_declares_it_keeps_real_time_and_plays(
    kind: str, drawn: Drawn, tmp_path: Path, browser: Browser
) -> None:
    event = record(film(pause(drawn, kind, 0.8)), tmp_path, 1.5)
    clip = event.clip
    assert clip is not None
    (gap,) = clip.gaps
    assert (gap.start_ts - START_TIME).total_seconds() == pytest.approx(1.04, abs=0.05)
    assert (gap.end_ts - gap.start_ts).total_seconds() == pytest.approx(0.8, abs=0.05)
    path = tmp_path / clip_name(event.event_id)
    with av.open(str(path)) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    held_s = max(after - before for before, after in pairwise(times))
    assert held_s == pytest.approx(0.84, abs=0.05)
    assert times[-1] == pytest.approx((clip.end_ts - clip.start_ts).total_seconds(), abs=0.1)
    address = base64.b64encode(path.read_bytes()).decode()
    with open_page(browser, "about:blank") as page:
        page.set_content(f'<video muted src="data:video/mp4;base64,{address}">')
        assert plays(page)
        page.wait_for_function("() => document.querySelector('video').ended")
        assert page.evaluate("() => document.querySelector('video').duration") == pytest.approx(
            (clip.end_ts - clip.start_ts).total_seconds(), abs=0.1
        )


def test_a_clip_goes_on_over_a_camera_that_comes_back_in_another_format(drawn: Drawn, tmp_path: Path) -> None:
    first, second = (
        Sends(format_of(drawn(kind)), evenly(raw_packets(drawn(kind)))) for kind in ("no_b_frames", "mpeg4")
    )
    ring = film(first, second)
    for event in (record(ring, tmp_path, 2.8), record(ring, tmp_path, 3.4)):
        assert event.clip is not None
        assert event.clip.start_ts <= event.ts - timedelta(seconds=PRE_S)
        assert event.clip.end_ts >= event.ts + timedelta(seconds=POST_S)
        assert sum((gap.end_ts - gap.start_ts).total_seconds() for gap in event.clip.gaps) < 0.7
        with av.open(str(tmp_path / clip_name(event.event_id))) as container:
            times = [frame.time or 0.0 for frame in container.decode(video=0)]
        shown_s = (event.clip.end_ts - event.clip.start_ts).total_seconds()
        assert times[-1] == pytest.approx(shown_s, abs=0.1)
        assert len(times) >= 10
