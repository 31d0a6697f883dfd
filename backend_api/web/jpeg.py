"""What a JPEG file says of itself, read from its header without decoding the picture (ITU-T T.81, annex B)."""

from collections.abc import Iterator

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
# Start of frame: baseline, extended sequential, progressive and lossless; C4, C8 and CC among them are other things.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# These markers stand alone, without a segment.
_ALONE = {0x01, *range(0xD0, 0xD9)}
_SCAN = 0xDA
_DAMAGED = "its header is damaged or cut off"


class NotJpeg(ValueError):
    """The bytes are no whole JPEG file; the text says why."""


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, each at least 1. Raises NotJpeg when `data` is none, or is cut off."""
    if not data.startswith(_START):
        raise NotJpeg("does not begin as a JPEG file does")
    size: tuple[int, int] | None = None
    end = 2
    for marker, begin, end in _segments(data):
        if marker in _FRAMES:
            size = _frame_size(data[begin:end])
    if size is None:
        raise NotJpeg("its header names no size")
    if data.find(_END, end) < 0:
        raise NotJpeg("it is cut off")
    return size


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments up to the first scan's header: marker, and where what it holds begins and ends."""
    marker, position = 0, 2
    while marker != _SCAN:
        marker, position = _marker(data, position)
        if marker in _ALONE:
            continue
        end = position + int.from_bytes(data[position : position + 2])
        if end < position + 2 or end > len(data):
            raise NotJpeg(_DAMAGED)
        yield marker, position + 2, end
        position = end


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """The marker at `position`, before which any number of fill bytes may stand, and where it ends."""
    start = position
    while position < len(data) and data[position] == 0xFF:
        position += 1
    if position == start or position == len(data) or data[position] in {0x00, 0xD9}:
        raise NotJpeg(_DAMAGED)
    return data[position], position + 1


def _frame_size(segment: bytes) -> tuple[int, int]:
    """Of a start of frame: precision (1 byte), height (2), width (2)."""
    height, width = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5])
    if len(segment) < 6 or not height or not width:
        raise NotJpeg("its header names no size")
    return width, height
