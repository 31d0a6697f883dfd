"""From a decoded frame to the picture that people see."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame

from edge_service.video.orientation import Orientation
from edge_service.video.packets import StreamFormat
from edge_service.video.picture import even_size, to_image, to_yuv420p
from tests.edge_service.encoded_packets import FORMAT

WIDTH, HEIGHT = FORMAT.width, FORMAT.height
TURNED = Orientation(is_transposed=True, reverses_rows=True)
RED, BLACK = (0, 0, 255), (0, 0, 0)


def red_in_the_upper_left() -> VideoFrame:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2, : WIDTH // 2] = RED
    frame = VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
    frame.pts = 700
    return frame


def corners(picture: npt.NDArray[np.uint8]) -> dict[str, bool]:
    """Which corners are red."""
    places = {"upper left": (2, 2), "upper right": (2, -3), "lower right": (-3, -3), "lower left": (-3, 2)}
    return {name: bool(picture[place][2] > 128) for name, place in places.items()}


@pytest.mark.parametrize(
    ("orientation", "red_corner"),
    [
        (Orientation(), "upper left"),
        (Orientation(reverses_columns=True), "upper right"),
        (Orientation(reverses_rows=True), "lower left"),
        (Orientation(reverses_columns=True, reverses_rows=True), "lower right"),
        (Orientation(is_transposed=True), "upper left"),
        (Orientation(is_transposed=True, reverses_columns=True), "upper right"),
        (Orientation(is_transposed=True, reverses_rows=True), "lower left"),
        (Orientation(is_transposed=True, reverses_columns=True, reverses_rows=True), "lower right"),
    ],
)
def test_is_turned_and_mirrored_until_it_is_as_players_show_it(orientation: Orientation, red_corner: str) -> None:
    turned = replace(FORMAT, orientation=orientation)
    image = to_image(red_in_the_upper_left(), turned)
    encodable = to_yuv420p(red_in_the_upper_left(), turned)
    assert image.shape == (turned.display_size[1], turned.display_size[0], 3)
    assert [name for name, is_red in corners(image).items() if is_red] == [red_corner]
    shown = np.asarray(encodable.to_ndarray(format="bgr24"), np.uint8)
    assert [name for name, is_red in corners(shown).items() if is_red] == [red_corner]
    assert (encodable.pts, encodable.time_base) == (700, turned.time_base)


@pytest.mark.parametrize(
    ("stream_format", "size"),
    [
        (FORMAT, (64, 48)),
        (replace(FORMAT, sample_aspect_ratio=Fraction(4, 3)), (86, 48)),
        (replace(FORMAT, width=63, height=47), (64, 48)),
        (replace(FORMAT, width=63, height=47, orientation=TURNED), (48, 64)),
        (
            replace(
                FORMAT, sample_aspect_ratio=Fraction(2), orientation=Orientation(is_transposed=True, reverses_rows=True)
            ),
            (48, 128),
        ),
    ],
)
def test_sides_to_be_encoded_are_even(stream_format: StreamFormat, size: tuple[int, int]) -> None:
    assert even_size(stream_format) == size
    encodable = to_yuv420p(red_in_the_upper_left(), stream_format)
    assert (encodable.width, encodable.height, encodable.format.name) == (*size, "yuv420p")
