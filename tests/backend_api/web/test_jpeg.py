"""JPEG files: sizes of real ones, and everything else refused, however it is cut or changed."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.web.jpeg import MAX_PIXELS, NotJpeg, jpeg_size


def encode(width: int, height: int, *flags: int) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(".jpg", noise, flags)[1].tobytes()


def with_size(data: bytes, width: int, height: int) -> bytes:
    """`data` whose header says another size (of a start of frame: length, precision, height, width)."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + height.to_bytes(2) + width.to_bytes(2) + data[at + 4 :]


SMALL = encode(40, 24)


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
@pytest.mark.parametrize("size", [(40, 24), (1, 1), (321, 7)])
def test_the_size_is_that_of_the_picture(size: tuple[int, int], flags: tuple[int, ...]) -> None:
    assert jpeg_size(encode(*size, *flags)) == size


def test_fill_bytes_and_what_follows_the_end_do_no_harm() -> None:
    assert jpeg_size(SMALL[:2] + b"\xff\xff\xff" + SMALL[3:] + b"trailer") == (40, 24)


@pytest.mark.parametrize("size", [(65535, 65535), (10_000, 10_000), (MAX_PIXELS // 6000 + 1, 6000)])
def test_what_would_be_too_large_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(NotJpeg, match=f"more than {MAX_PIXELS}"):
        jpeg_size(with_size(SMALL, *size))


@pytest.mark.parametrize("size", [(0, 24), (40, 0)])
def test_a_picture_without_a_size_is_none(size: tuple[int, int]) -> None:
    with pytest.raises(NotJpeg):
        jpeg_size(with_size(SMALL, *size))


@given(st.integers(0, len(SMALL) - 3))
def test_a_file_that_is_cut_off_is_none(length: int) -> None:
    with pytest.raises(NotJpeg):
        jpeg_size(SMALL[:length])


@given(st.binary(max_size=200))
def test_other_bytes_are_none_and_say_why(tail: bytes) -> None:
    for data in (tail, b"\x89PNG\r\n\x1a\n" + tail, b"GIF89a" + tail):
        with pytest.raises(NotJpeg, match="not that of a JPEG"):
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
