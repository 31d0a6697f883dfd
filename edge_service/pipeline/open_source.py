"""Which source of frames a --video gets, alone or with a --detect-video beside it."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from random import SystemRandom

from backend_api.base.clock import Clock
from backend_api.base.process import UsageError
from edge_service.video.address import CameraAddress, VideoAddress, Webcam
from edge_service.video.file_recording import FileRecording
from edge_service.video.file_source import FileSource
from edge_service.video.frame import FrameSource
from edge_service.video.group_decoder import WHOLE, Decoding
from edge_service.video.live.connection import Connect
from edge_service.video.live.network_camera import connect_camera
from edge_service.video.live.recording import LiveRecording
from edge_service.video.live.source import LiveSource
from edge_service.video.live.webcam import connect_webcam
from edge_service.video.packet_ring import PacketRing
from edge_service.video.paired_source import PairedSource

# Pictures of detection's own stream are wanted for as long as the main one has none.
_DETECTION_REACH_S = 5.0


def open_source(
    address: VideoAddress,
    start_time: datetime,
    *,
    fps: float,
    loop: int,
    ring: PacketRing,
    clock: Clock,
    decoding: Decoding = WHOLE,
    detect_address: VideoAddress | None = None,
    has_preview: bool = False,
) -> FrameSource:
    """The source at `address`, decoded as `decoding` says; what is at `detect_address` is looked at in its place.

    A file is played `loop` times; a live camera's media time 0 is at `start_time`. A preview shows the pictures that
    detection looks at. Raises UsageError when a file cannot be watched.
    """
    # From here on the wall clock, which may be set, is not asked again.
    begin_s = clock.monotonic_s() - (clock.now() - start_time).total_seconds()
    if detect_address is None:
        return _open(address, begin_s, fps=fps, loop=loop, ring=ring, clock=clock, decoding=decoding)
    check_pair(address, detect_address)
    # A small stream is decoded for less than the key pictures of a large one; the large one is looked at for a while.
    decoding, own = replace(decoding, lookout=None), PacketRing(_DETECTION_REACH_S)
    detection = _open(detect_address, begin_s, fps=fps, loop=loop, ring=own, clock=clock, decoding=decoding)
    recording = (
        FileRecording(address, loop=loop, ring=ring)
        if not isinstance(address, CameraAddress | Webcam)
        else LiveRecording(
            _connect_to(address, clock), str(address),
            fps=fps, ring=ring, clock=clock, rng=SystemRandom(), begin_s=begin_s, decoding=decoding,
        )
    )  # fmt: skip
    return PairedSource(detection, recording, ring, clock, shows_detection=has_preview)


def check_pair(address: VideoAddress, detect_address: VideoAddress) -> None:
    """Raises UsageError when the two cannot be streams of one camera."""
    if address == detect_address:
        raise UsageError(f"--detect-video {detect_address}: is the --video itself; leave the flag out")
    if isinstance(address, CameraAddress | Webcam) != isinstance(detect_address, CameraAddress | Webcam):
        raise UsageError(
            f"--detect-video {detect_address}: of it and --video {address} one is a file and the other is live; give"
            " two streams of one camera, or two files that begin at the same time"
        )


def _open(
    address: VideoAddress,
    begin_s: float,
    *,
    fps: float,
    loop: int,
    ring: PacketRing,
    clock: Clock,
    decoding: Decoding,
) -> FileSource | LiveSource:
    if not isinstance(address, CameraAddress | Webcam):
        return FileSource(address, fps=fps, loop=loop, ring=ring, decoding=decoding)
    return LiveSource(
        _connect_to(address, clock), str(address),
        fps=fps, ring=ring, clock=clock, rng=SystemRandom(), begin_s=begin_s, decoding=decoding,
    )  # fmt: skip


def _connect_to(address: CameraAddress | Webcam, clock: Clock) -> Connect:
    if isinstance(address, Webcam):
        return partial(connect_webcam, address)
    return partial(connect_camera, address, clock)
