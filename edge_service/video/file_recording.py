"""A file that is kept for clips and not looked at, beside another one of the same view and time that is."""

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import av

from edge_service.video.file_clock import FileClock
from edge_service.video.file_packets import read_packets
from edge_service.video.file_probe import open_video, probe
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket, PictureTooLarge, reorder_depth


class FileRecording:
    """Reads the file at `path`, `loop` times over (0: until stopped), into `ring`."""

    def __init__(self, path: Path, *, loop: int, ring: PacketRing) -> None:
        """Raises UsageError when `path` is missing, is no video, or no frame of it can be decoded."""
        self._format = probe(path)
        self.description = f"{path} ({self._format.describe()})"
        self.size = self._format.display_size
        """Width and height of its pictures as they are shown."""
        self.problem: str | None = None
        """Why it breaks off; None while it goes on."""
        self.captured = self.processed = 0
        """Frames that were looked at: none of a file, which goes on as long as the one beside it."""
        self.wall_offset_s: float | None = None
        """A file tells no wall clock: it begins when the other one does."""
        self._path = path
        self._loop = loop
        self._ring = ring

    @contextmanager
    def opened(self) -> Iterator[Callable[[float], None]]:
        """Read until the block is left, by a function that puts the packets up to a media time (s) into the ring."""
        with closing(self._packets()) as packets:

            def feed(until_s: float) -> None:
                while self._ring.complete_s <= until_s and (packet := next(packets, None)) is not None:
                    self._ring.append(packet)

            yield feed

    def look(self) -> None:
        """Nothing: of two files that begin together the one for detection is never lost for a while."""

    def _packets(self) -> Generator[EncodedPacket, None, None]:
        clock = FileClock(str(self._path), self._format.time_base, reorder_depth(self._format))
        for _ in range(self._loop) if self._loop else itertools.count():
            count = 0
            try:
                with open_video(self._path) as (container, stream):
                    for packet in read_packets(container, stream, self._format, clock):
                        count += 1
                        yield packet
            except (av.error.FFmpegError, PictureTooLarge) as error:
                self.problem = f"breaks off in the middle ({getattr(error, 'strerror', None) or error})"
                return
            if not count:  # to read it for ever would be a loop that nobody can stop
                self.problem = "holds no pictures any more"
                return
