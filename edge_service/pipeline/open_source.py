"""Which source of frames a --video gets."""

from datetime import datetime
from functools import partial
from random import SystemRandom

from backend_api.base.clock import Clock
from edge_service.video.address import CameraAddress, VideoAddress, Webcam
from edge_service.video.file_source import FileSource
from edge_service.video.frame import FrameSource
from edge_service.video.group_decoder import WHOLE, Decoding
from edge_service.video.live.connection import Connect
from edge_service.video.live.network_camera import connect_camera
from edge_service.video.live.source import LiveSource
from edge_service.video.live.webcam import connect_webcam
from edge_service.video.packet_ring import PacketRing


def open_source(
    address: VideoAddress,
    start_time: datetime,
    *,
    fps: float,
    loop: int,
    ring: PacketRing,
    clock: Clock,
    decoding: Decoding = WHOLE,
) -> FrameSource:
    """The source at `address`, decoded as `decoding` says.

    A file is played `loop` times; a live camera's media time 0 is at `start_time`.

    Raises UsageError when a file cannot be watched.
    """
    connect: Connect
    match address:
        case CameraAddress():
            connect = partial(connect_camera, address, clock)
        case Webcam():
            connect = partial(connect_webcam, address)
        case _:
            return FileSource(address, fps=fps, loop=loop, ring=ring, decoding=decoding)
    # From here on the wall clock, which may be set, is not asked again.
    begin_s = clock.monotonic_s() - (clock.now() - start_time).total_seconds()
    return LiveSource(
        connect, str(address),
        fps=fps, ring=ring, clock=clock, rng=SystemRandom(), begin_s=begin_s, decoding=decoding,
    )  # fmt: skip
