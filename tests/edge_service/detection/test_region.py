"""Looking at the zones' surroundings alone: which part that is, and that boxes come back to where they are."""

from dataclasses import astuple, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.zones import Point
from edge_service.detection.detector import Box
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import open_onnx_detector
from edge_service.detection.region import WHOLE, part_of, region_of, share
from edge_service.video.frame import Frame
from edge_service.video.frame_maker import FrameMaker
from edge_service.video.orientation import UPRIGHT, Orientation
from edge_service.video.packet_ring import PacketRing
from edge_service.video.picture import to_image
from tests.edge_service.encoded_packets import FORMAT
from tests.edge_service.fake_frames import frame_showing
from tests.edge_service.onnx_graphs import save_bright_spots

CONFIG = DetectorConfig(kind="onnx", score=0.4)
CORNER = Box(0.5, 0.0, 1.0, 1.0)
shares = st.floats(0, 1)
sides = st.integers(1, 500)


def square(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def frame(*spots: tuple[int, int, int, int], width: int = 640, height: int = 320) -> Frame:
    """A black picture, white within `spots` (left, top, right, bottom in pixels)."""
    image = np.zeros((height, width, 3), np.uint8)
    for left, top, right, bottom in spots:
        image[top:bottom, left:right] = 255
    return frame_showing(lambda: image, width=width, height=height)


def test_it_reaches_beyond_the_zones_on_each_side_and_above_them_to_the_top() -> None:
    region = region_of([square(0.5, 0.6, 0.6, 0.8), square(0.65, 0.5, 0.7, 0.7)])
    assert (region.left, region.top, region.right, region.bottom) == pytest.approx((0.35, 0.0, 0.85, 0.9))


def test_it_is_the_whole_picture_where_a_part_would_save_little() -> None:
    assert region_of([square(0.1, 0.6, 0.3, 0.9), square(0.6, 0.5, 0.9, 0.9)]) == WHOLE
    assert region_of([]) == WHOLE


@given(st.lists(st.lists(st.tuples(shares, shares), min_size=3, max_size=5), max_size=4))
def test_it_holds_every_zone_and_is_worth_it(zones: list[list[Point]]) -> None:
    region = region_of(zones)
    assert region == WHOLE or 0 < share(region) <= 0.6
    assert all(region.left <= x <= region.right and region.top <= y <= region.bottom for zone in zones for x, y in zone)


@given(shares, shares, shares, shares, sides, sides, sides, sides)
def test_in_pixels_it_is_never_empty_and_boxes_come_back_in_any_size(
    x1: float, x2: float, y1: float, y2: float, width: int, height: int, columns: int, rows: int
) -> None:
    region = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    part = part_of(region, width, height)
    assert 0 <= part.left < part.left + part.width <= width
    assert 0 <= part.top < part.top + part.height <= height
    small = part.scaled_down(columns, rows)
    assert small == part or (small.width, small.height) == (columns, rows)
    assert 0 <= small.left < small.left + small.width <= small.whole[0] <= width
    assert 0 <= small.top < small.top + small.height <= small.whole[1] <= height
    back = small.to_whole(np.array([[0.0, 0.0, 1.0, 1.0]]))[0] * ([*small.whole] * 2)
    assert back == pytest.approx([small.left, small.top, small.left + small.width, small.top + small.height])
    exact = np.array([part.left, part.top, part.left + part.width, part.top + part.height]) / ([width, height] * 2)
    # In whole pixels of the smaller picture it is where it is, to one of them.
    assert np.abs(small.to_whole(np.array([[0.0, 0.0, 1.0, 1.0]]))[0] - exact).max() <= 1.5 / min(small.whole)


@pytest.mark.parametrize("size", [(128, 128), ("w", "h")], ids=["fixed", "open"])
def test_people_in_it_are_where_they_are_and_others_are_not_seen(
    size: tuple[int | str, int | str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    detector = open_onnx_detector(save_bright_spots(tmp_path / "a.onnx", size=size), CONFIG, region=CORNER)
    found = detector.detect(frame((0, 80, 160, 160), (400, 80, 560, 160)))
    assert found
    for person in found:
        assert 380 <= 640 * person.box.left < 640 * person.box.right <= 580
        assert 60 <= 320 * person.box.top < 320 * person.box.bottom <= 180
    assert "looks at 50 % of the picture, from 0.50, 0.00 to 1.00, 1.00" in caplog.text


@pytest.mark.parametrize(("region", "size"), [(CORNER, (128, 128)), (Box(0.5, 0.0, 0.75, 1.0), (96, 160))])
def test_its_people_are_seen_larger_in_as_many_pixels_as_the_whole_has(
    region: Box, size: tuple[int, int], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    model, person = save_bright_spots(tmp_path / "a.onnx", size=(128, 128)), (400, 80, 420, 100)
    assert not open_onnx_detector(model, CONFIG).detect(frame(person))
    part = open_onnx_detector(model, CONFIG, region=region)
    (found,) = part.detect(frame(person))
    assert 380 <= 640 * found.box.left < 640 * found.box.right <= 440
    assert (part.hardware.width, part.hardware.height) == size
    assert "because all zones lie there: larger, in as many pixels as the whole would be" in caplog.text


def test_what_cannot_take_another_shape_looks_at_all_or_at_the_part_in_its_own(tmp_path: Path) -> None:
    bound = save_bright_spots(tmp_path / "a.onnx", size=(128, 128), is_bound=True)
    assert open_onnx_detector(bound, CONFIG, region=CORNER).detect(frame((400, 80, 560, 160)))
    given_size = DetectorConfig(kind="onnx", score=0.4, input_size=(128, 128))
    whole = open_onnx_detector(save_bright_spots(tmp_path / "b.onnx", size=("w", "h")), given_size, region=CORNER)
    assert whole.detect(frame((0, 80, 160, 160)))


@pytest.mark.parametrize("orientation", [UPRIGHT, Orientation(is_transposed=True, reverses_rows=True)])
@pytest.mark.parametrize("region", [WHOLE, CORNER], ids=["whole", "part"])
def test_a_picture_that_is_scaled_as_it_is_decoded_shows_the_same_as_the_whole_one_shrunk(
    region: Box, orientation: Orientation, tmp_path: Path
) -> None:
    drawn = np.zeros((720, 1280, 3), np.uint8)
    for number, left in enumerate(range(40, 1200, 230)):
        drawn[20 + 90 * number : 160 + 90 * number, left : left + 150] = 255
    smooth = np.asarray(cv2.GaussianBlur(drawn, (0, 0), 3), np.uint8)
    decoded = VideoFrame.from_ndarray(smooth, format="bgr24").reformat(format="yuv420p")
    stream_format = replace(FORMAT, width=1280, height=720, orientation=orientation)
    image, (width, height) = to_image(decoded, stream_format), stream_format.display_size
    detector = open_onnx_detector(save_bright_spots(tmp_path / "a.onnx", size=("w", "h")), CONFIG, region=region)
    shrunk = detector.detect(frame_showing(lambda: image, width=width, height=height))
    scaled = detector.detect(FrameMaker(PacketRing(1)).frame(decoded, stream_format))
    for some, others in ((shrunk, scaled), (scaled, shrunk)):
        boxes = np.array([astuple(other.box) for other in others]) * ([width, height] * 2)
        sure = [person for person in some if person.score >= 0.7]
        assert len(sure) >= 20
        for person in sure:
            apart = np.abs(boxes - np.array(astuple(person.box)) * ([width, height] * 2)).max(axis=1)
            assert apart.min() <= 1
            assert others[int(apart.argmin())].score == pytest.approx(person.score, abs=0.1)
