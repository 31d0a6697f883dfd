"""What can be copied into an MP4 as it is."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from edge_service.encoded import StreamFormat
from edge_service.remux import plays_in_browsers
from edge_service.video_file import probe
from tests.edge_service import tiny_videos
from tests.edge_service.encoded_packets import FORMAT

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
