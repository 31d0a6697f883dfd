"""Decoding little gives the very pictures that decoding everything gives."""

import io
from collections.abc import Collection
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from mm_worker.frames.selective_decoder import decode_wanted

FRAMES = 40
Pictures = dict[int, npt.NDArray[Any]]


def draw(**options: str) -> bytes:
    """A square on its way over noise, a picture each 40 ms."""
    noise = np.random.default_rng(7).integers(0, 256, (96, 128, 3), np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for number in range(FRAMES):
            picture = noise.copy()
            picture[30:60, 2 * number : 2 * number + 30] = 6 * number
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


def pictures(clip: bytes, wanted: Collection[int] | None, cut: slice = slice(None)) -> tuple[list[int], Pictures]:
    """The stamps of all frames, and the pictures at `wanted` of them, or, without, all."""
    with av.open(io.BytesIO(clip), "r") as container:
        stream = container.streams.video[0]
        packets: list[Packet[VideoStream]] = [packet for packet in container.demux(stream) if packet.size][cut]
        stamps = sorted(packet.pts for packet in packets if packet.pts is not None)
        if wanted is None:
            decoded = [frame for packet in (*packets, None) for frame in stream.codec_context.decode(packet)]
            frames = [(frame.pts, frame) for frame in decoded if frame.pts is not None]
        else:
            frames = list(decode_wanted(packets, stream.codec_context, {stamps[at] for at in wanted}))
        return stamps, {pts: frame.to_ndarray(format="bgr24") for pts, frame in frames}


CODINGS = {
    "no B frames": {"bf": "0", "g": "10"},
    "B frames": {"bf": "3", "g": "10"},
    "B frames that others refer to": {"bf": "3", "g": "10", "x264-params": "b-pyramid=normal"},
    "open groups": {"bf": "3", "g": "10", "x264-params": "open-gop=1"},
    "one key frame": {"bf": "2", "g": "250"},
    "key frames alone": {"g": "1"},
}


@pytest.mark.parametrize("options", CODINGS.values(), ids=CODINGS.keys())
@pytest.mark.parametrize("wanted", [{0}, {39}, {9, 10}, {3, 8, 13, 18, 23, 28, 33, 38}, set(range(FRAMES))], ids=str)
def test_what_is_wanted_is_what_decoding_everything_gives(options: dict[str, str], wanted: set[int]) -> None:
    clip = draw(**options)
    stamps, everything = pictures(clip, None)
    _, found = pictures(clip, wanted)
    assert list(found) == [stamps[at] for at in sorted(wanted)]
    assert all(np.array_equal(found[pts], everything[pts]) for pts in found)


def test_packets_that_do_not_begin_with_a_key_frame_give_what_can_be_decoded() -> None:
    clip = draw(bf="0", g="10")
    _, found = pictures(clip, range(35), slice(5, None))
    _, everything = pictures(clip, None)
    assert set(list(everything)[10:]) <= set(found)


def test_nothing_wanted_is_nothing() -> None:
    assert pictures(draw(), set())[1] == {}
