"""The source of frames: a video file, opened once, of which every packet is kept and only what is looked at decoded."""

import itertools
import logging
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from edge_service.video.file_clock import FileClock
from edge_service.video.file_packets import read_packets
from edge_service.video.file_probe import open_video, probe
from edge_service.video.frame import Frame
from edge_service.video.group_decoder import WHOLE, Decoding, GroupDecoder
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import PictureTooLarge, StreamFormat, reorder_depth
from edge_service.video.sampling import Sampler

log = logging.getLogger(__name__)


class FileSource:
    """The frames of the file at `path`, at most `fps` a second of media time; every packet goes into `ring`.

    `loop` is how many times the file is played, 0 for until stopped. Media time goes on over the repeats.
    """

    def __init__(self, path: Path, *, fps: float, loop: int = 1, ring: PacketRing, decoding: Decoding = WHOLE) -> None:
        """Raises UsageError when `path` is missing, is no video, or no frame of it can be decoded."""
        self.format: StreamFormat = probe(path)
        self.captured = 0
        """Frames that the file has delivered, decoded or not."""
        self.processed = 0
        """Frames that were handed on."""
        self.reconnects = 0
        """A file is never lost."""
        self.is_live = False
        """A file's time is its own."""
        self.problem: str | None = None
        """Nothing keeps a file's pictures away."""
        self.warning: str | None = None
        """What troubles a file is said in the log."""
        self.wall_offset_s: float | None = None
        """A file tells no wall clock."""
        self._path = path
        self._fps = fps
        self._loop = loop
        self._ring = ring
        self._decoding = decoding

    @property
    def complete_s(self) -> float:
        """No frame that comes later is of before this media time, in seconds."""
        return self._ring.complete_s

    @property
    def skipped(self) -> int:
        """Frames that were delivered and not, or not yet, handed on."""
        return self.captured - self.processed

    @property
    def description(self) -> str:
        """The file and its format, for people."""
        return f"{self._path} ({self.format.describe()})"

    def check(self) -> None:
        """Nothing: what is wrong with a file is said before it is played."""

    def __iter__(self) -> Generator[Frame, None, None]:
        """Read from the start; closing the iterator closes the file. Raises UsageError when the file has gone."""
        sampler = Sampler(self._fps)
        clock = FileClock(str(self._path), self.format.time_base, reorder_depth(self.format))
        for repeat in range(self._loop) if self._loop else itertools.count():
            damage, captured = _Damage(), self.captured
            try:
                yield from self._play(clock, sampler, damage)
            finally:
                if repeat == 0:
                    damage.wrong_stamps = clock.wrong
                    damage.report(self._path)
            if self.captured == captured:  # to play it for ever would be a loop that nobody can stop
                log.warning("%s: holds no pictures any more, and is not played again", self._path)
                return

    def _play(self, clock: FileClock, sampler: Sampler, damage: "_Damage") -> Iterator[Frame]:
        decoder = GroupDecoder(self._fps, sampler, self._ring, self._decoding, lambda: clock.begun_at)
        with open_video(self._path) as (container, stream):
            try:
                for packet in read_packets(container, stream, self.format, clock):
                    self._ring.append(packet)
                    self.captured += packet.is_shown
                    yield from self._counted(decoder.push(packet))
            except av.error.FFmpegError as error:
                damage.breaks_off = f"{error.strerror}"
            except PictureTooLarge as error:
                damage.breaks_off = f"{error}"
        yield from self._counted(decoder.finish())
        damage.packets += decoder.damaged

    def _counted(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self.processed += 1
            yield frame


@dataclass(slots=True)
class _Damage:
    """The damage of a file: the parts that could not be read."""

    packets: int = 0
    wrong_stamps: int = 0
    breaks_off: str = ""

    def report(self, path: Path) -> None:
        if self.packets:
            log.warning("%s: %d packets are damaged and were left out", path, self.packets)
        if self.wrong_stamps:
            log.warning("%s: %d time stamps are wrong and were passed over", path, self.wrong_stamps)
        if self.breaks_off:
            log.warning("%s: breaks off in the middle (%s); the part before was watched", path, self.breaks_off)
