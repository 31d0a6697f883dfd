"""The picture on the screen at a moment: that of the newest packet by then, whatever the order, or none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_service.video.frame_maker import FrameMaker, picture_at
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import decode_all
from tests.edge_service.encoded_packets import ring_of
from tests.edge_service.tiny_videos import BROWSER_READY, paint


@pytest.mark.parametrize("kind", ["b_frames", "no_b_frames"])
def test_it_is_that_of_the_moment_in_any_order_of_pictures(kind: str, tmp_path: Path) -> None:
    ring = ring_of(BROWSER_READY[kind](tmp_path))
    for number in range(0, 50, 7):
        time_s = number / 25 + 0.01
        found = picture_at(ring.select(time_s, time_s), time_s)
        assert found is not None
        image, shown_s = found
        assert shown_s == pytest.approx(number / 25)
        size = image.shape[1], image.shape[0]
        apart = [np.abs(image.astype(float) - paint(one, size)).mean() for one in range(75)]
        assert int(np.argmin(apart)) == number


def test_where_it_cannot_be_decoded_it_is_not_the_one_before(tmp_path: Path) -> None:
    *before, last = ring_of(BROWSER_READY["no_b_frames"](tmp_path)).select(1.5, 1.5)
    assert picture_at([*before, last], 1.5) is not None
    assert picture_at([*before, replace(last, data=bytes(len(last.data)))], 1.5) is None
    assert picture_at([], 1.5) is None
    assert picture_at(before[:1], before[0].time_s - 0.01) is None


def test_a_frame_that_was_let_go_of_keeps_its_small_picture_and_is_decoded_anew_for_people(tmp_path: Path) -> None:
    ring = ring_of(BROWSER_READY["no_b_frames"](tmp_path))
    packets = ring.select(1.2, 1.2)
    decoded, stream_format = [*decode_all(packets)][-1]
    width, height = stream_format.display_size
    frame = FrameMaker(ring).frame(decoded, stream_format)
    small, image = frame.scaled((width // 4, height // 4)), frame.image()
    assert frame.image() is image
    frame.let_go()
    assert frame.scaled((width // 4, height // 4)) is small
    assert frame.image() is not image
    assert np.array_equal(frame.image(), image)


def test_where_the_ring_has_forgotten_it_a_frame_that_was_let_go_of_is_shown_as_it_was_looked_at(
    tmp_path: Path,
) -> None:
    packets = ring_of(BROWSER_READY["no_b_frames"](tmp_path)).select(1.2, 1.2)
    decoded, stream_format = [*decode_all(packets)][-1]
    width, height = stream_format.display_size
    looked_at, alone = (FrameMaker(PacketRing(1)).frame(decoded, stream_format) for _ in range(2))
    whole = looked_at.image()
    looked_at.scaled((width // 2, height // 2))
    for frame in (looked_at, alone):
        frame.let_go()
        assert frame.image().shape == frame.scaled((width, height)).shape == (height, width, 3)
    assert 0 < np.abs(looked_at.image().astype(float) - whole).mean() < 8
    assert np.array_equal(alone.image(), whole)  # of which there is no other
