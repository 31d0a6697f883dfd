"""Decoding no more of a clip than the wanted frames need; the result is the same as of decoding everything.

Two things are left out: pictures that no other one refers to, and all that follows the last wanted picture before the
next one that decoding can begin with.
"""

from collections.abc import Collection, Iterator, Sequence

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

Packets = Sequence["Packet[VideoStream]"]


def decode_wanted(
    packets: Packets, decoder: VideoCodecContext, wanted_pts: Collection[int]
) -> Iterator[tuple[int, VideoFrame]]:
    """The frames at `wanted_pts`, with their stamps, in the order in which they are shown, without damaged ones.

    `packets` are a stream's, in the order of decoding.
    """
    for run in _runs(packets):
        left = {packet.pts for packet in run if packet.pts in wanted_pts}
        if not left:
            continue
        decoder.flush_buffers()
        for packet in (*run, None):
            # Decoded in slices, as PyAV does unless told otherwise, a packet is worked on as it is handed over.
            decoder.skip_frame = "DEFAULT" if packet is None or packet.pts in left else "NONREF"
            for frame in _decode(decoder, packet):
                if frame.pts is not None and frame.pts in left:
                    left.discard(frame.pts)
                    if not frame.is_corrupt:
                        yield frame.pts, frame
            if not left:
                break


def _runs(packets: Packets) -> Iterator[Packets]:
    """Pieces that can be decoded without one another: from a key frame to before the next.

    Pictures that come after a key frame and are shown before it (an open group of pictures) refer to the ones before.
    """
    run: list[Packet[VideoStream]] = []
    for piece in _pieces(packets):
        key_pts = piece[0].pts
        is_open = key_pts is None or any(packet.pts is None or packet.pts < key_pts for packet in piece)
        if run and not is_open:
            yield run
            run = []
        run += piece
    if run:
        yield run


def _pieces(packets: Packets) -> Iterator[Packets]:
    begins = sorted({0, *(at for at, packet in enumerate(packets) if packet.is_keyframe)})
    for begin, end in zip(begins, [*begins[1:], len(packets)], strict=True):
        if begin < end:
            yield packets[begin:end]


def _decode(decoder: VideoCodecContext, packet: "Packet[VideoStream] | None") -> list[VideoFrame]:
    try:
        return decoder.decode(packet)
    except av.FFmpegError:
        return []  # whether enough is left to judge by is for the caller to say
