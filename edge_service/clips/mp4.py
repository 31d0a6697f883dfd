"""A clip: an MP4 in memory, its index before the pictures, the same bytes for the same input."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import av
from av.container import OutputContainer

from backend_api.contract.events import ClipMask
from edge_service.video.gaps import Gap


@dataclass(frozen=True, slots=True)
class Clip:
    """A complete MP4 in H.264, without sound.

    `start_s` is when its first picture is shown, `end_s` when its last one no longer is, in seconds of media time;
    `width` and `height` are pixels. In `gaps` no picture came: the last one stays, or the clip does not reach so far.
    `masked` says what was hidden.
    """

    mp4: bytes = field(repr=False)
    start_s: float
    end_s: float
    width: int
    height: int
    gaps: tuple[Gap, ...] = ()
    masked: ClipMask | None = None


@contextmanager
def new_mp4() -> Iterator[tuple[OutputContainer, io.BytesIO]]:
    """A container to put one stream and its packets into, and the file that is the MP4 once the block is left.

    In memory, so that all writing to disk goes one way and fails one way; a clip is no larger than the packet ring.
    Raises av.error.FFmpegError.
    """
    file = _Memory()
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(
        file, "w", format="mp4", container_options=options, io_open=lambda _url, _flags, _options: _Reader(file)
    ) as container:
        yield container, file


class _Memory(io.BytesIO):
    """Outlives the container, which closes what it has written to."""

    def close(self) -> None:
        """Keep the bytes."""


class _Reader:
    """The reader by which the muxer moves the pictures behind the index: it has a position of its own."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file
        self._position = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        with self._file.getbuffer() as view:
            data = bytes(view[self._position : self._position + size])
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to `offset`, counted as io.SEEK_* says."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.getbuffer().nbytes}
        self._position = base[whence] + offset
        return self._position

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def close(self) -> None:
        """Nothing to release."""
