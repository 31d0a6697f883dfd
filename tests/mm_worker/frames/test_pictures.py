"""What the model is shown: the machine with a margin, one whole view, and never too many bytes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.values import Zone
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from mm_worker.frames.clip_frames import MAX_FRAMES, ClipFrame, Image
from mm_worker.frames.pictures import (
    CROP_SIDE_PX,
    MAX_JPEG_BYTES,
    VIEW_SIDE_PX,
    crop,
    draw_zone,
    make_pictures,
    to_jpeg,
)

SQUARE: Zone = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
share = st.floats(0, 1)


def decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def frames(count: int, height: int = 720, width: int = 1280) -> list[ClipFrame]:
    return [ClipFrame(number * 1.0, np.full((height, width, 3), 20 * number, np.uint8)) for number in range(count)]


def test_crops_in_the_order_of_time_and_then_the_whole_view() -> None:
    pictures = make_pictures(frames(MAX_FRAMES), SQUARE)
    assert len(pictures) == MAX_SHOWN_FRAMES
    assert [picture.time_s for picture in pictures] == [0, 1, 2, 3, 4, 5, 6, 7, 4]
    # 0.2 of 1280 x 720 is 256 x 144; a quarter of 256 is added at the sides and below, three quarters above.
    assert {decoded(picture.jpeg).shape for picture in pictures[:-1]} == {(400, 384, 3)}
    assert [round(decoded(picture.jpeg).mean() / 20) for picture in pictures[:-1]] == list(range(8))
    assert decoded(pictures[-1].jpeg).shape == (576, VIEW_SIDE_PX, 3)
    assert "cropped" in pictures[0].shows
    assert "outlined" in pictures[-1].shows


def test_without_a_zone_the_whole_view_alone() -> None:
    pictures = make_pictures(frames(3), None)
    assert [decoded(picture.jpeg).shape for picture in pictures] == [(576, 1024, 3)] * 3
    assert {picture.shows for picture in pictures} == {"the whole view"}


def test_the_zone_is_drawn_into_a_copy() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    drawn = draw_zone(image, SQUARE)
    assert not image.any()
    assert drawn[round(0.4 * 719), 640].tolist() == [255, 0, 255]
    assert not drawn[360, 640].any()


def test_hands_above_a_strip_of_floor_are_in_the_crop() -> None:
    strip: Zone = ((0.4, 0.8), (0.6, 0.8), (0.6, 0.85), (0.4, 0.85))
    image = np.zeros((1000, 1000, 3), np.uint8)
    image[660:670, 480:520] = 255
    assert (crop(image, strip) == 255).any()


@given(zone=st.lists(st.tuples(share, share), min_size=3, max_size=6).map(tuple))
@settings(max_examples=50)
def test_a_crop_has_pixels_wherever_the_zone_lies(zone: Zone) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    height, width = crop(image, zone).shape[:2]
    assert 1 <= height <= 48
    assert 1 <= width <= 64


@pytest.mark.parametrize("max_bytes", [MAX_JPEG_BYTES, 20_000, 1_000, 1])
def test_noise_is_made_coarser_and_smaller_until_it_fits(max_bytes: int) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (720, 1280, 3), np.uint8)
    jpeg = to_jpeg(noise, CROP_SIDE_PX, max_bytes)
    shape = decoded(jpeg).shape
    assert max(shape) <= CROP_SIDE_PX
    assert len(jpeg) <= max_bytes or shape == (1, 1, 3)
