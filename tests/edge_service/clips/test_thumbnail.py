"""The picture beside a clip."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge_service.clips.thumbnail import draw_thumbnail
from edge_service.detection.detector import Box

ZONE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.9), (0.1, 0.9))
BOX = Box(0.6, 0.2, 0.9, 0.8)


def decoded(jpeg: bytes) -> npt.NDArray[np.uint8]:
    assert jpeg.startswith(b"\xff\xd8")
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1920, 1080), (640, 360)), ((640, 480), (640, 480)), ((96, 64), (96, 64)), ((3000, 2), (640, 1))],
)
def test_is_at_most_640_wide_and_keeps_its_shape(size: tuple[int, int], shown: tuple[int, int]) -> None:
    width, height = size
    picture = decoded(draw_thumbnail(np.zeros((height, width, 3), np.uint8), ZONE, [BOX]))
    assert (picture.shape[1], picture.shape[0]) == shown


def test_shows_the_zone_and_the_people_and_leaves_the_image_alone() -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    picture = decoded(draw_thumbnail(image, ZONE, [BOX]))
    on_the_zone, on_the_box, elsewhere = picture[200, 60], picture[200, 359], picture[200, 300]
    assert on_the_zone.max() > 150
    assert on_the_box.max() > 150
    assert elsewhere.max() < 40
    assert not image.any()
