"""Letterboxing, on a picture with one bright rectangle that is looked for in the network's input."""

import numpy as np
import pytest

from edge_service.detection.letterbox import Array, Fit, PictureFormat, Placement, place, to_blob
from edge_service.video.frame import Image

# As shares of the picture.
RECTANGLE = (0.25, 0.125, 0.75, 0.625)


def with_rectangle(width: int, height: int, color: tuple[int, int, int] = (255, 255, 255)) -> Image:
    image = np.zeros((height, width, 3), np.uint8)
    left, top, right, bottom = (round(share * size) for share, size in zip(RECTANGLE, [width, height] * 2, strict=True))
    image[top:bottom, left:right] = color
    return image


def bright_part(blob: Array) -> Array:
    rows, columns = np.nonzero(blob[0].max(axis=0) > 200)
    return np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (360, 640), (64, 36), (333, 100)])
def test_what_is_found_in_the_input_is_where_it_is_in_the_picture(fit: Fit, width: int, height: int) -> None:
    blob, placement = to_blob(with_rectangle(width, height), 416, 320, PictureFormat(fit, is_rgb=False))
    assert blob.shape == (1, 3, 320, 416)
    assert blob.dtype == np.float32
    found = placement.to_picture(bright_part(blob))[0]
    # To a pixel of the picture, or of the input where that is the coarser one.
    x, y = max(1 / width, 1 / placement.width), max(1 / height, 1 / placement.height)
    assert np.all(np.abs(found - RECTANGLE) <= [x, y, x, y])


@pytest.mark.parametrize(
    ("fit", "placement"),
    [
        (Fit.TOP_LEFT, Placement(0, 0, 416, 234)),
        (Fit.CENTRED, Placement(0, 91, 416, 234)),
        (Fit.STRETCHED, Placement(0, 0, 416, 416)),
    ],
)
def test_the_rest_is_the_grey_of_the_training(fit: Fit, placement: Placement) -> None:
    assert place(1280, 720, 416, 416, fit) == placement
    blob, _ = to_blob(np.zeros((720, 1280, 3), np.uint8), 416, 416, PictureFormat(fit, is_rgb=False))
    assert np.count_nonzero(blob == 114) == 3 * 416 * (416 - placement.height)


def test_the_channels_are_in_the_networks_order_and_scaled_each_by_its_own() -> None:
    image = np.full((32, 32, 3), (10, 20, 30), np.uint8)
    blue_first, _ = to_blob(image, 32, 32, PictureFormat(Fit.CENTRED, is_rgb=False))
    assert blue_first[0, :, 5, 5].tolist() == [10, 20, 30]
    picture = PictureFormat(Fit.CENTRED, is_rgb=True, mean=(20.0, 20.0, 0.0), std=(2.0, 1.0, 10.0))
    red_first, _ = to_blob(image, 32, 32, picture)
    assert red_first[0, :, 5, 5].tolist() == [5, 0, 1]


def test_a_line_of_a_picture_keeps_a_pixel() -> None:
    blob, placement = to_blob(np.full((1, 2000, 3), 255, np.uint8), 64, 64, PictureFormat(Fit.CENTRED, is_rgb=False))
    assert (placement.width, placement.height) == (64, 1)
    assert np.count_nonzero(blob == 255) == 3 * 64
