"""Which frames the model sees, and every way in which a clip may fail to give them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_worker.frames.clip_frames import ClipUnreadable, pick_evenly, read_clip, sample_frames
from tests.mm_worker.clips import HEIGHT, WIDTH, draw_clip, frame_number, promise_of


@given(
    times_s=st.lists(st.floats(0, 100), min_size=1, max_size=60, unique=True).map(sorted),
    count=st.integers(1, 10),
)
def test_picks_are_growing_bounded_and_each_slice_has_its_nearest(times_s: list[float], count: int) -> None:
    picked = pick_evenly(times_s, count)
    assert 1 <= len(picked) <= count
    assert picked == sorted(set(picked))
    slice_s = (times_s[-1] - times_s[0]) / count
    for number in range(count):
        middle_s = times_s[0] + (number + 0.5) * slice_s
        nearest_s = min(abs(time_s - middle_s) for time_s in times_s)
        assert min(abs(times_s[at] - middle_s) for at in picked) == nearest_s


def test_no_times_give_no_picks() -> None:
    assert pick_evenly([], 8) == []


def test_a_steady_clip_is_sampled_at_the_middles_of_its_slices(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [number * 100 for number in range(25)])
    frames = sample_frames((tmp_path / "clip.mp4").read_bytes(), 4)
    assert [frame.time_s for frame in frames] == pytest.approx([0.3, 0.9, 1.5, 2.1])
    assert [frame_number(frame.image) for frame in frames] == [3, 9, 15, 21]
    assert all(frame.image.shape == (HEIGHT, WIDTH, 3) and frame.image.dtype == np.uint8 for frame in frames)


def test_a_clip_of_varying_rate_is_sampled_by_time_not_by_frame_count(tmp_path: Path) -> None:
    burst_then_slow_ms = [*range(0, 300, 15), *range(1000, 4001, 1000)]
    draw_clip(tmp_path / "clip.mp4", burst_then_slow_ms)
    frames = sample_frames((tmp_path / "clip.mp4").read_bytes(), 4)
    assert [frame.time_s for frame in frames] == pytest.approx([0.285, 1.0, 2.0, 3.0])


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [5000, 5100, 5200])
    frames = sample_frames((tmp_path / "clip.mp4").read_bytes())
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.1, 0.2])


def test_a_clip_of_one_frame_gives_that_frame(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [0])
    assert [frame.time_s for frame in sample_frames((tmp_path / "clip.mp4").read_bytes())] == [0.0]


def test_a_clip_as_promised_is_read(tmp_path: Path) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", [0, 100])
    assert read_clip(tmp_path / "clip.mp4", promised) == (tmp_path / "clip.mp4").read_bytes()


def test_a_missing_clip_is_named_with_the_cure(tmp_path: Path) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", [0])
    with pytest.raises(ClipUnreadable, match=r"gone\.mp4 is missing; --media-dir"):
        read_clip(tmp_path / "gone.mp4", promised)


def test_a_folder_in_place_of_a_clip_is_named(tmp_path: Path) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", [0])
    with pytest.raises(ClipUnreadable, match="cannot be read: Is a directory"):
        read_clip(tmp_path, promised)


@pytest.mark.parametrize(
    ("kept_bytes", "reason"), [(0, "is empty"), (-1, r"bytes, but its event promises"), (None, "sha256")]
)
def test_a_clip_other_than_the_promised_one_is_refused(tmp_path: Path, kept_bytes: int | None, reason: str) -> None:
    path = tmp_path / "clip.mp4"
    promised = draw_clip(path, [0, 100])
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if kept_bytes is None else data[:kept_bytes])
    with pytest.raises(ClipUnreadable, match=reason):
        read_clip(path, promised)


def test_of_a_damaged_clip_the_whole_frames_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    draw_clip(path, [number * 100 for number in range(20)])
    data = path.read_bytes()
    frames = sample_frames(data[: int(len(data) * 0.8)])
    assert 0 < len(frames) < 8
    assert [frame_number(frame.image) for frame in frames] == [round(frame.time_s * 10) for frame in frames]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_a_file_that_was_cut_short_is_unreadable(tmp_path: Path, share: float) -> None:
    path = tmp_path / "clip.mp4"
    draw_clip(path, [number * 100 for number in range(20)])
    data = path.read_bytes()
    with pytest.raises(ClipUnreadable):
        sample_frames(data[: int(len(data) * share)])


def test_a_file_that_is_no_video_is_unreadable() -> None:
    with pytest.raises(ClipUnreadable, match="cannot be decoded"):
        sample_frames(b"This is a text and no video. " * 100)


def test_a_clip_whose_tags_are_no_text_is_sampled_all_the_same(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [0, 100])
    data = (tmp_path / "clip.mp4").read_bytes()
    assert b"Lavf" in data
    assert len(sample_frames(data.replace(b"Lavf", b"\xff\xfe\x9ef"))) == 2


def test_the_promise_of_a_clip_holds_for_its_file_alone(tmp_path: Path) -> None:
    draw_clip(tmp_path / "one.mp4", [0, 100])
    draw_clip(tmp_path / "other.mp4", [0, 100, 200])
    with pytest.raises(ClipUnreadable):
        read_clip(tmp_path / "one.mp4", promise_of(tmp_path / "other.mp4"))
