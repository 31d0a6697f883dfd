"""What is hidden cannot be recovered: few blocks, no colour; areas are black to the edge."""

import cv2
import numpy as np
import pytest

from edge_service.detection.detector import Box
from edge_service.privacy.mosaic import blacken, pixelate, pixelated
from edge_service.video.frame import Image

PART = Box(0.25, 0.25, 0.5, 0.75)


def noise(seed: int, size: tuple[int, int] = (160, 120)) -> Image:
    width, height = size
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def drawn(source: Image, part: Box = PART) -> Image:
    image = source.copy()
    pixelate(image, source, part)
    return image


def test_only_the_part_changes_and_has_no_colour() -> None:
    source = noise(1)
    image = drawn(source)
    inside = np.zeros(source.shape[:2], bool)
    inside[30:90, 40:80] = True
    assert (image[~inside] == source[~inside]).all()
    hidden = image[inside].astype(int)
    assert (hidden.max(axis=1) == hidden.min(axis=1)).all()


@pytest.mark.parametrize("size", [(160, 120), (1920, 1080), (33, 41)])
def test_all_that_is_left_are_a_few_means(size: tuple[int, int]) -> None:
    """The part has no more detail than 4 x 4 numbers: shrunk to these and drawn again it is as before."""
    image = drawn(noise(2, size))
    height, width = image.shape[:2]
    left, top = int(np.floor(PART.left * width)), int(np.floor(PART.top * height))
    right, bottom = int(np.ceil(PART.right * width)), int(np.ceil(PART.bottom * height))
    grey = image[top:bottom, left:right, 0]
    singular = np.linalg.svd(grey.astype(float), compute_uv=False)
    assert (singular[4:] < 0.02 * singular[0]).all()


def test_pictures_with_the_same_means_become_the_same() -> None:
    """What differs within a block is gone: a face and its mirror image in small squares."""
    fine = np.zeros((128, 128, 3), np.uint8)
    fine[::2] = 255
    other = np.zeros((128, 128, 3), np.uint8)
    other[:, ::2] = 255
    part = Box(0, 0, 1, 1)
    assert np.abs(drawn(fine, part).astype(int) - drawn(other, part)).max() <= 1
    assert np.abs(pixelated(fine).astype(int) - pixelated(other)).max() <= 1


@pytest.mark.parametrize("part", [Box(-1, -1, 2, 2), Box(0.9, 0.9, 1.4, 1.2), Box(0, 0, 1e-6, 1e-6)])
def test_a_part_may_reach_beyond_the_edges(part: Box) -> None:
    assert drawn(noise(3), part).shape == (120, 160, 3)


@pytest.mark.parametrize("part", [Box(1.2, 0.1, 1.5, 0.5), Box(-0.5, 0, -0.1, 1)])
def test_a_part_outside_of_the_picture_changes_nothing(part: Box) -> None:
    assert (drawn(noise(4), part) == noise(4)).all()


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.0])
def test_an_area_is_black_also_at_its_edge_and_in_any_size(scale: float) -> None:
    area = ((0.1, 0.2), (0.6, 0.1), (0.5, 0.9))
    full = np.zeros((720, 1280, 3), np.uint8)
    corners = np.array([[round(x * 1279), round(y * 719)] for x, y in area], np.int32)
    cv2.fillPoly(full, [corners], (255, 0, 255))
    image = np.asarray(cv2.resize(full, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    blacken(image, [area])
    assert not image.any()
