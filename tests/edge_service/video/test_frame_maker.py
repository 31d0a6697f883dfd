"""The picture on the screen at a moment: that of the newest packet by then, whatever the order, or none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_service.video.frame_maker import picture_at
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
