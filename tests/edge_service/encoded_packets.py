"""Packets and the rings that they come from, out of a file or made up."""

from fractions import Fraction
from pathlib import Path

import av
from av.video.stream import VideoStream

from edge_service.video.file_source import FileSource
from edge_service.video.orientation import UPRIGHT
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket, StreamFormat, detached


def ring_of(path: Path, *, reach_s: float = 60, loop: int = 1) -> PacketRing:
    """A ring that the whole file has gone through."""
    ring = PacketRing(reach_s)
    for _ in FileSource(path, fps=1, loop=loop, ring=ring):
        pass
    return ring


def made_up_packet(
    time_ms: int, *, is_key: bool = False, dts_ms: int | None = None, size_bytes: int = 100
) -> EncodedPacket:
    """A packet of zeros that is shown for 100 ms; it is decoded when it is shown unless `dts_ms` says otherwise."""
    return EncodedPacket(
        data=bytes(size_bytes),
        pts=time_ms,
        dts=time_ms if dts_ms is None else dts_ms,
        duration=100,
        is_key=is_key,
        is_shown=True,
        format=FORMAT,
    )


def _template() -> VideoStream:
    stream = av.open("nowhere", "w", format="null").add_stream("mpeg4", rate=10)
    assert isinstance(stream, VideoStream)
    return detached(stream)


FORMAT = StreamFormat("mpeg4", "yuv420p", 64, 48, Fraction(1, 1000), Fraction(10), Fraction(1), UPRIGHT, _template())
