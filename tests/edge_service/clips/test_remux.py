"""What can be copied into an MP4 as it is."""

import io
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.clips.remux import plays_in_browsers, remux
from edge_service.video.file_probe import probe
from edge_service.video.packets import StreamFormat
from tests.edge_service import tiny_videos
from tests.edge_service.encoded_packets import FORMAT, made_up_packet

Drawn = Callable[[str], Path]
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
        (replace(PLAYABLE, rotation_deg=180), False),
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
