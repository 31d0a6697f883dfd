"""JPEG headers: sizes of real files, and everything else refused, however it is cut or changed."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.web.jpeg import NotJpeg, jpeg_size


def encode(width: int, height: int, *flags: int) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(".jpg", noise, flags)[1].tobytes()


SMALL = encode(40, 24)


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
@pytest.mark.parametrize("size", [(40, 24), (1, 1), (321, 7)])
def test_the_size_is_that_of_the_picture(size: tuple[int, int], flags: tuple[int, ...]) -> None:
    assert jpeg_size(encode(*size, *flags)) == size


def test_fill_bytes_lone_markers_and_what_follows_the_end_do_no_harm() -> None:
    assert jpeg_size(SMALL[:2] + b"\xff\xff\x01\xff\xff" + SMALL[3:] + b"trailer") == (40, 24)


@given(st.integers(0, len(SMALL) - 1))
def test_a_file_that_is_cut_off_is_none(length: int) -> None:
    with pytest.raises(NotJpeg):
        jpeg_size(SMALL[:length])


@given(st.binary(max_size=200))
def test_other_bytes_are_none_and_say_why(tail: bytes) -> None:
    for data in (tail, b"\x89PNG\r\n\x1a\n" + tail):
        with pytest.raises(NotJpeg, match="does not begin"):
            jpeg_size(data.removeprefix(b"\xff\xd8\xff"))


@given(st.integers(2, len(SMALL) - 1), st.integers(0, 255))
def test_a_changed_byte_is_told_or_harmless(position: int, byte: int) -> None:
    changed = bytearray(SMALL)
    changed[position] = byte
    try:
        width, height = jpeg_size(bytes(changed))
    except NotJpeg:
        return
    assert width >= 1
    assert height >= 1
