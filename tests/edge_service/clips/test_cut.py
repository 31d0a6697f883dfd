"""Clips, cut out of every kind of video, and what can be copied into one as it is."""

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.container import InputContainer
from hypothesis import given
from hypothesis import strategies as st

from edge_service.clips.cut import MAX_LEAD_S, ClipError, cut, plays_in_browsers, remux, why_encoded
from edge_service.clips.encode import encoded_size
from edge_service.clips.mp4 import Clip
from edge_service.detection.detector import Box
from edge_service.privacy.masking import Masking, Masks
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.tracking.tracker import Track
from edge_service.video.file_probe import probe
from edge_service.video.orientation import Orientation
from edge_service.video.packets import EncodedPacket, StreamFormat, decode_all
from edge_service.video.picture import to_image
from tests.edge_service import tiny_videos
from tests.edge_service.encoded_packets import FORMAT, made_up_packet, ring_of
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.tiny_videos import draw_video

Drawn = Callable[[str], Path]

START_S, TIME_S, END_S = 1.3, 1.7, 2.1
ONE_FRAME_S = 0.08 + 0.001

every_kind = pytest.mark.parametrize("kind", [kind for kind in tiny_videos.ALL if kind != "one_second"])
browser_ready = pytest.mark.parametrize("kind", [kind for kind in tiny_videos.BROWSER_READY if kind != "one_second"])
others = pytest.mark.parametrize("kind", tiny_videos.OTHERS)


def cut_from(path: Path, start_s: float = START_S, end_s: float = END_S) -> Clip:
    return cut(ring_of(path).select(start_s, end_s), start_s, end_s, (start_s + end_s) / 2)


def opened(clip: Clip) -> InputContainer:
    return av.open(io.BytesIO(clip.mp4), "r")


def shown_times(clip: Clip) -> list[float]:
    with opened(clip) as container:
        return [frame.time or 0.0 for frame in container.decode(video=0)]


@every_kind
def test_a_clip_is_h264_that_browsers_play_without_sound(kind: str, drawn: Drawn) -> None:
    clip = cut_from(drawn(kind))
    with opened(clip) as container:
        (stream,) = container.streams
        assert isinstance(stream, av.VideoStream)
        assert (stream.codec.canonical_name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (clip.width, clip.height)
        assert clip.width % 2 == clip.height % 2 == 0
        assert stream.sample_aspect_ratio in (None, 1)
        assert next(container.demux(stream)).is_keyframe


@every_kind
def test_a_clip_starts_at_0_and_covers_what_was_asked(kind: str, drawn: Drawn) -> None:
    clip = cut_from(drawn(kind))
    times = shown_times(clip)
    assert times[0] == 0
    assert all(before < after for before, after in pairwise(times))
    assert clip.start_s <= START_S
    assert clip.end_s > END_S - ONE_FRAME_S
    assert clip.end_s - clip.start_s - ONE_FRAME_S <= times[-1] < clip.end_s - clip.start_s


@every_kind
def test_the_index_stands_before_the_pictures(kind: str, drawn: Drawn) -> None:
    mp4 = cut_from(drawn(kind)).mp4
    kinds, position = [], 0
    while position < len(mp4):
        size, name = struct.unpack_from(">I4s", mp4, position)
        kinds.append(name)
        position += size
    assert position == len(mp4)
    assert kinds.index(b"moov") < kinds.index(b"mdat")


@every_kind
def test_the_same_packets_make_the_same_bytes(kind: str, drawn: Drawn) -> None:
    assert cut_from(drawn(kind)).mp4 == cut_from(drawn(kind)).mp4


@browser_ready
def test_h264_is_copied_picture_by_picture(kind: str, drawn: Drawn) -> None:
    path = drawn(kind)
    packets = ring_of(path).select(START_S, END_S)
    with opened(cut(packets, START_S, END_S, TIME_S)) as container:
        copied = [packet for packet in container.demux(video=0) if packet.size]
    if path.suffix != ".ts":  # a transport stream separates what an MP4 counts
        assert [bytes(packet) for packet in copied] == [packet.data for packet in packets]
    shown = [float(packet.pts * packet.time_base) for packet in copied if packet.pts is not None]
    assert shown == pytest.approx([packet.time_s - packets[0].time_s for packet in packets], abs=0.0005)


@browser_ready
def test_every_picture_of_a_copied_clip_is_that_of_the_video(kind: str, drawn: Drawn) -> None:
    packets = ring_of(drawn(kind)).select(START_S, END_S)
    pictures = [frame.to_ndarray().tobytes() for frame, _ in decode_all(packets)]
    with opened(cut(packets, START_S, END_S, TIME_S)) as container:
        assert [frame.to_ndarray().tobytes() for frame in container.decode(video=0)] == pictures


@others
def test_an_encoded_clip_is_exact_and_keeps_the_times(kind: str, drawn: Drawn) -> None:
    path = drawn(kind)
    clip = cut_from(path)
    assert clip.start_s > START_S - ONE_FRAME_S
    assert clip.end_s < END_S + 2 * ONE_FRAME_S
    shown = sorted(packet.time_s for packet in ring_of(path).select(0, 10))
    expected = [time_s - clip.start_s for time_s in shown if clip.start_s <= time_s <= END_S]
    assert shown_times(clip) == pytest.approx(expected, abs=0.001)


@others
def test_an_encoded_clip_looks_like_the_video(kind: str, drawn: Drawn) -> None:
    packets = ring_of(drawn(kind)).select(START_S, END_S)
    clip = cut(packets, START_S, END_S, TIME_S)
    original = next(
        frame
        for frame, _ in decode_all(packets)
        if float((frame.pts or 0) * packets[0].format.time_base) >= clip.start_s
    )
    wanted = to_image(original, packets[0].format)
    with opened(clip) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="bgr24")
    height, width = min(wanted.shape[0], picture.shape[0]), min(wanted.shape[1], picture.shape[1])
    difference = wanted[:height, :width].astype(int) - picture[:height, :width]
    assert abs(difference).mean() < 20


def test_a_clip_longer_than_the_video_is_the_video(drawn: Drawn) -> None:
    clip = cut_from(drawn("one_second"), -3, 8)
    assert (clip.start_s, clip.end_s) == (0, 1)
    assert len(shown_times(clip)) == 25


def test_a_clip_may_span_a_repeat(drawn: Drawn) -> None:
    ring = ring_of(drawn("b_frames"), loop=2)
    clip = cut(ring.select(2.5, 3.5), 2.5, 3.5, 3.0)
    times = shown_times(clip)
    assert clip.start_s + times[-1] == pytest.approx(3.5, abs=0.2)
    assert max(after - before for before, after in pairwise(times)) < 0.13


def test_without_packets_there_is_no_clip() -> None:
    with pytest.raises(ClipError, match="kept"):
        cut((), 0, 1, 0.5)


def test_what_cannot_be_decoded_makes_no_clip() -> None:
    packets = [made_up_packet(number * 100, is_key=number == 0) for number in range(5)]
    with pytest.raises(ClipError, match="damaged"):
        cut(packets, 0, 1, 0.5)


PLAYABLE = replace(FORMAT, codec="h264")


@pytest.mark.parametrize("kind", tiny_videos.ALL)
def test_tells_what_browsers_play(kind: str, drawn: Drawn) -> None:
    assert plays_in_browsers(probe(drawn(kind))) == (kind in tiny_videos.BROWSER_READY)


@pytest.mark.parametrize(
    ("stream_format", "plays"),
    [
        (PLAYABLE, True),
        (replace(PLAYABLE, pixel_format="yuvj420p"), True),
        (replace(PLAYABLE, pixel_format="yuv422p"), False),
        (replace(PLAYABLE, codec="hevc"), False),
        (replace(PLAYABLE, width=65), False),
        (replace(PLAYABLE, height=47), False),
        (replace(PLAYABLE, orientation=Orientation(reverses_rows=True)), False),
        (replace(PLAYABLE, sample_aspect_ratio=Fraction(16, 15)), False),
    ],
)
def test_each_property_counts(stream_format: StreamFormat, plays: bool) -> None:
    assert plays_in_browsers(stream_format) == plays


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=30), st.lists(st.none() | st.integers(-500, 500), min_size=31)
)
def test_whatever_the_time_stamps_of_the_source_those_of_the_clip_ascend(
    times: list[int], dts: list[int | None]
) -> None:
    packets = [replace(made_up_packet(time_ms), dts=dts[number]) for number, time_ms in enumerate([0, *times])]
    clip = remux([replace(packets[0], is_key=True), *packets[1:]])
    with av.open(io.BytesIO(clip.mp4), "r") as container:
        packets_read = [packet for packet in container.demux(video=0) if packet.size]
        time_base = container.streams.video[0].time_base or Fraction(0)
    stamps = [(packet.pts or 0, packet.dts or 0) for packet in packets_read]
    assert len(stamps) == len(packets)
    assert all(before[1] < after[1] for before, after in pairwise(stamps))
    assert all(pts >= dts for pts, dts in stamps)
    if len(set(times) | {0}) == len(packets):
        shown_ms = [round(pts * 1000 * time_base) for pts, _ in stamps]
        assert shown_ms == [0, *times]


def shown_numbers(clip: Clip, size: tuple[int, int]) -> list[int]:
    """Which pictures of `tiny_videos.paint` the clip shows: the nearest one to each."""
    originals = [tiny_videos.paint(number, size).astype(int) for number in range(200)]
    with opened(clip) as container:
        pictures = [frame.to_ndarray(format="bgr24").astype(int) for frame in container.decode(video=0)]
    return [min(range(200), key=lambda number: abs(originals[number] - picture).mean()) for picture in pictures]


def test_a_clip_that_would_begin_long_before_is_encoded_and_shows_what_was_asked(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "rare.mp4", rate=Fraction(10), seconds=12, key_every=1000, options={"bf": "0"})
    clip = cut_from(path, 8.0, 10.0)
    assert (clip.start_s, clip.end_s) == pytest.approx((8.0, 10.1))
    assert shown_numbers(clip, (96, 64)) == list(range(80, 101))
    # One that begins not much earlier is copied from its key picture on.
    assert cut_from(path, MAX_LEAD_S - 0.5, 5.0).start_s == 0.0


_REFRESH = {"bf": "0", "x264-params": "intra-refresh=1:keyint=20:min-keyint=20:scenecut=0"}


def test_pictures_that_are_refreshed_stripe_by_stripe_are_whole_from_the_first(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "refresh.ts", rate=Fraction(10), seconds=16, size=(320, 240), options=_REFRESH)
    ring = ring_of(path, reach_s=8)
    packets = ring.select(10.5, 13.0)
    assert (
        why_encoded(packets, 10.5) == "its pictures are refreshed stripe by stripe, and are not whole at a key picture"
    )
    clip = cut(packets, 10.5, 13.0, 11.5)
    assert clip.start_s == pytest.approx(10.5, abs=0.06)
    assert shown_numbers(clip, (320, 240)) == list(range(105, 131))


def test_a_ring_of_refreshed_pictures_holds_as_much_as_is_needed_to_begin_whole(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "refresh.ts", rate=Fraction(10), seconds=16, size=(320, 240), options=_REFRESH)
    for reach_s in (3.0, 3.7, 4.4, 5.0):
        ring = ring_of(path, reach_s=reach_s)
        start_s = 15.9 - reach_s
        clip = cut(ring.select(start_s, 15.9), start_s, 15.9, 15.0)
        assert clip.start_s == pytest.approx(start_s, abs=0.11)


def in_two_formats(folder: Path) -> list[EncodedPacket]:
    """Three seconds of one video, then three of a larger one whose codec parameters are others, as one stream."""
    small = draw_video(folder / "small.mp4", rate=Fraction(10), options={"bf": "0"})
    large = draw_video(folder / "large.mp4", rate=Fraction(10), size=(192, 128), options=_B_FRAMES)
    first, second = (ring_of(path).select(0, 10) for path in (small, large))
    units_s = round(3 / second[0].format.time_base)
    moved = [
        replace(packet, pts=packet.pts + units_s, dts=None if packet.dts is None else packet.dts + units_s)
        for packet in second
    ]
    return [*first, *moved]


_B_FRAMES = {"bf": "2"}


@pytest.mark.parametrize(("time_s", "size"), [(2.8, (96, 64)), (3.2, (192, 128))])
def test_a_clip_over_a_change_of_the_codecs_parameters_shows_both_sides(
    tmp_path: Path, time_s: float, size: tuple[int, int]
) -> None:
    packets = in_two_formats(tmp_path)
    assert why_encoded(packets, 2.0) == "the camera changed the parameters of its codec within it"
    clip = cut(packets, 2.0, 4.0, time_s)
    assert (clip.width, clip.height) == size
    assert shown_times(clip) == pytest.approx([number / 10 for number in range(21)], abs=0.001)
    if size == (96, 64):
        assert shown_numbers(clip, size)[:10] == list(range(20, 30))


@pytest.mark.parametrize(
    ("size", "encoded"),
    [
        ((3840, 2160), (1920, 1080)),
        ((2160, 3840), (1080, 1920)),
        ((2592, 1944), (1440, 1080)),
        ((1920, 1080), (1920, 1080)),
        ((1280, 720), (1280, 720)),
        ((8000, 100), (1920, 24)),
        ((97, 63), (98, 64)),
        ((3, 4000), (2, 1920)),
    ],
)
def test_what_is_encoded_is_at_most_full_hd(size: tuple[int, int], encoded: tuple[int, int]) -> None:
    assert encoded_size(replace(FORMAT, width=size[0], height=size[1])) == encoded


def test_a_large_clip_that_has_to_be_encoded_is_made_smaller(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "large.mp4", codec="libx265", size=(2560, 1440), seconds=0.2)
    clip = cut_from(path, 0.0, 0.2)
    assert (clip.width, clip.height) == (1920, 1080)
    with opened(clip) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1920, 1080)


def masks_of(**settings: Any) -> Masks:  # noqa: ANN401 - as PrivacyConfig takes them
    """What is hidden when somebody was seen in the middle of the picture all the time."""
    masking = Masking(PrivacyConfig(**settings), reach_s=60, fps=10)
    box = Box(0.4, 0.2, 0.6, 0.8)
    for number in range(80):
        frame = blank_frame(number / 10, width=96, height=64)
        masking.look(frame, number / 10, [Track(1, box, 0.9)], [])
    return masking.masks(0, 8)


@every_kind
def test_a_masked_clip_shows_the_time_that_was_asked_for_at_its_own_rate(kind: str, drawn: Drawn) -> None:
    packets = ring_of(drawn(kind)).select(0.3, 2.7)
    clip = cut(packets, 0.3, 2.7, 1.5, masks_of(mask="people", clip_fps=5))
    again = cut(packets, 0.3, 2.7, 1.5, masks_of(mask="people", clip_fps=5))
    assert clip.mp4 == again.mp4
    assert clip.start_s <= 0.3 + ONE_FRAME_S
    assert clip.end_s >= 2.7 - ONE_FRAME_S
    times = shown_times(clip)
    assert 10 <= len(times) <= 14
    assert all(0.01 < after - before < 0.4 for before, after in pairwise(times))


def test_a_masked_clip_is_no_higher_than_asked_for_and_never_enlarged(drawn: Drawn) -> None:
    packets = ring_of(drawn("b_frames")).select(0, 2)
    for height, size in ((720, (96, 64)), (32, (48, 32))):
        clip = cut(packets, 0, 2, 1, masks_of(only_zones=True, clip_height=height))
        assert (clip.width, clip.height) == size
        with opened(clip) as container:
            assert (container.streams.video[0].width, container.streams.video[0].height) == size


def test_masks_that_hide_nothing_let_packets_be_copied(drawn: Drawn) -> None:
    packets = ring_of(drawn("b_frames")).select(START_S, END_S)
    assert cut(packets, START_S, END_S, TIME_S, masks_of()).mp4 == remux(packets).mp4


def test_an_area_is_black_in_every_picture_of_a_clip(drawn: Drawn) -> None:
    """The upper left corner is red there."""
    packets = ring_of(drawn("turned")).select(0, 2)
    clip = cut(packets, 0, 2, 1, masks_of(areas=(((0, 0), (1, 0), (1, 1), (0, 1)),)))
    with opened(clip) as container:
        assert max(int(frame.to_ndarray(format="bgr24").max()) for frame in container.decode(video=0)) <= 4
