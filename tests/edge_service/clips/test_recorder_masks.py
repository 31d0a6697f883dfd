"""Clips in which something is hidden: when they are cut, how many may wait, and what is given up."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend_api.contract.events import ClipMask
from edge_service.clips.timing import ClipConfig, reach_s
from edge_service.privacy.masking import NO_PICTURES, UNLOOKED_S, Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.privacy.sightings import SETTLE_S
from edge_service.rules.machine import RuleTimes
from edge_service.video.frame import Image
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.clips.test_recorder import MACHINE, TRACKS, encoding_when_allowed, hit_at, make_recorder
from tests.edge_service.encoded_packets import ring_of
from tests.edge_service.fake_frames import blank_frame, frame_showing


def look(masking: Masking, until_s: float) -> None:
    for number in range(round(until_s * 10) + 1):
        masking.look(blank_frame(number / 10), number / 10, TRACKS, [])


def test_masked_pictures_are_written_once_it_is_known_who_was_there(
    drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    masking = Masking(PrivacyConfig(mask="heads"), [MACHINE], detector="mock")
    ring = ring_of(drawn("b_frames"))
    recorder = make_recorder(ring, tmp_path, masking=masking)
    look(masking, 2.0)
    recorder.begin(hit_at(1.0), blank_frame(2.0), TRACKS)
    look(masking, 4.9)
    assert list(recorder.finished()) == []
    assert list(tmp_path.iterdir()) == []
    look(masking, 5.0)
    events = list(recorder.finished())
    events = events or list(recorder.finished(end_of_stream=True))
    (event,) = events
    assert event.clip is not None
    assert event.clip.masked == ClipMask(mask="heads", detector="mock")
    assert len(list(tmp_path.iterdir())) == 2


def test_where_no_look_comes_any_more_a_masked_clip_is_cut_all_the_same(
    drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    ring = ring_of(drawn("b_frames"))
    recorder = make_recorder(ring, tmp_path, masking=Masking(PrivacyConfig(mask="heads")))
    recorder.begin(hit_at(1.0), blank_frame(1.2), TRACKS)
    ring.complete_until(1.2 + SETTLE_S + UNLOOKED_S - 0.1)
    assert list(recorder.finished()) == []
    assert recorder.is_recording
    ring.complete_until(1.2 + SETTLE_S + UNLOOKED_S + 0.1)
    assert [*recorder.finished(), *recorder.finished(end_of_stream=True)][0].clip is not None


def test_a_live_cameras_frames_wait_for_no_clip_that_is_masked(
    drawn: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_encode = encoding_when_allowed(monkeypatch)
    masking = Masking(PrivacyConfig(mask="people"), fps=10)
    recorder = make_recorder(ring_of(drawn("b_frames")), tmp_path, masking=masking, is_live=True)
    look(masking, 9.0)
    for number in range(12):
        recorder.begin(hit_at(0.8 + number / 50), blank_frame(2), TRACKS)
    assert list(recorder.finished()) == []
    may_encode.set()
    events = list(recorder.finished(end_of_stream=True))
    assert [event.media_time_s for event in events] == [round(0.8 + number / 50, 3) for number in range(12)]
    assert [event.clip is not None for event in events] == [True] * 8 + [False] * 4
    assert "waited to be masked" in (events[-1].clip_error or "")


def test_clips_that_wait_to_be_masked_take_so_many_bytes_at_most(
    drawn: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_of(drawn("b_frames"))
    # Clips that overlap have packets in common, which count once.
    two_seconds = sum(len(packet.data) for packet in ring.select(0.1, 1.96))
    monkeypatch.setattr("edge_service.clips.recorder.MAX_WAITING_BYTES", two_seconds)
    times_s = [0.6, 0.62, 1.5, 1.55, 2.5, 2.6]
    may_encode = encoding_when_allowed(monkeypatch)
    masking = Masking(PrivacyConfig(mask="people"), fps=10)
    look(masking, 9.0)
    for folder, is_live in (("live", True), ("file", False)):
        (tmp_path / folder).mkdir()
        recorder = make_recorder(ring, tmp_path / folder, masking=masking, is_live=is_live)
        for time_s in times_s:
            recorder.begin(hit_at(time_s), blank_frame(2), TRACKS)
        if not is_live:
            # Frames of a file wait: what is too much is finished first.
            may_encode.set()
        events = list(recorder.finished())
        may_encode.set()
        events += recorder.finished(end_of_stream=True)
        assert [event.media_time_s for event in events] == times_s
        without = [event for event in events if event.clip is None]
        assert len(without) == (2 if is_live else 0)
        assert all("MB waited to be masked" in (event.clip_error or "") for event in without)
        may_encode.clear()
    may_encode.set()


def test_without_pictures_an_event_waits_for_nothing_and_says_why(tmp_path: Path) -> None:
    ring = PacketRing(reach_s=60)
    ring.complete_until(1.0)
    recorder = make_recorder(ring, tmp_path, masking=Masking(PrivacyConfig(pictures="none")))
    recorder.begin(hit_at(1.0), frame_showing(raises, 1.0, width=96, height=64), TRACKS)
    (event,) = recorder.finished()
    assert (event.clip, event.clip_error) == (None, NO_PICTURES)
    assert list(tmp_path.iterdir()) == []


def test_with_masks_the_ring_reaches_back_to_when_they_are_known() -> None:
    rules, clip = [RuleTimes(1, 1, 0.5, 10)], ClipConfig(3, 5)
    more_s = reach_s(rules, clip, fps=5, privacy=PrivacyConfig(mask="heads")) - reach_s(rules, clip, fps=5)
    assert more_s == pytest.approx(SETTLE_S + UNLOOKED_S)
    assert reach_s(rules, clip, fps=5, privacy=PrivacyConfig()) == reach_s(rules, clip, fps=5)


def raises() -> Image:
    raise AssertionError("no picture may be made")
