"""Cutting a clip out of the packets: copied as they are where browsers play them, encoded otherwise."""

from collections.abc import Sequence

import av
from av.container import OutputContainer

from edge_service.clips.encode import NothingDecoded, encode, encode_masked
from edge_service.clips.mp4 import Clip, new_mp4
from edge_service.privacy.masking import Masks
from edge_service.video.orientation import UPRIGHT
from edge_service.video.packets import EncodedPacket, StreamFormat, begins_whole, to_av_packet

# yuvj420p is yuv420p whose numbers use the full range, as many IP cameras send it.
_PLAYABLE_PIXEL_FORMATS = {"yuv420p", "yuvj420p"}
MAX_LEAD_S = 4.0
"""A clip that is copied may begin with a key picture that is this much too early. One that would begin earlier is
encoded: cameras that save bandwidth (H.264+) have key pictures up to a minute apart."""


class ClipError(Exception):
    """There can be no clip: the text is one line that says why."""


def cut(
    packets: Sequence[EncodedPacket], start_s: float, end_s: float, time_s: float, masks: Masks | None = None
) -> Clip:
    """A clip that shows `start_s` to `end_s` seconds of media time, as far as `packets` do; the same bytes every time.

    `packets` come from PacketRing.select. Those that are copied begin with their first one, a key picture, which may be
    up to MAX_LEAD_S earlier than `start_s`; those that are encoded begin with the picture on the screen at `start_s`,
    and have the size of the pictures at `time_s`. With `masks` that hide something, all are. Raises ClipError.
    """
    if not packets:
        raise ClipError("no video of that time is kept any more")
    try:
        if masks is not None and masks.config.hides:
            return encode_masked(packets, start_s, end_s, format_at(packets, time_s), masks)
        if why_encoded(packets, start_s) is None:
            return remux(packets)
        return encode(packets, start_s, end_s, format_at(packets, time_s))
    except NothingDecoded as error:
        raise ClipError("the video of that time is damaged, none of it could be decoded") from error
    except av.error.FFmpegError as error:
        raise ClipError(f"the clip could not be made: {error.strerror}") from error


def why_encoded(packets: Sequence[EncodedPacket], start_s: float) -> str | None:
    """Why a clip of `packets` from `start_s` on has to be encoded, in a phrase; None when they can be copied."""
    first = packets[0]
    if reason := _why_not_played(first.format):
        return reason
    if any(packet.format is not first.format for packet in packets):
        return "the camera changed the parameters of its codec within it"
    if not all(packet.is_shown for packet in packets):
        return "an edit list hides pictures in it, which players would show without the list"
    if first.time_s < start_s - MAX_LEAD_S:
        return f"its key pictures are more than {MAX_LEAD_S:g} s apart"
    if not begins_whole(first):
        return "its pictures are refreshed stripe by stripe, and are not whole at a key picture"
    return None


def format_at(packets: Sequence[EncodedPacket], time_s: float) -> StreamFormat:
    """The format of the pictures at `time_s` seconds of media time, of the first ones when it is before them."""
    before = [packet for packet in packets if packet.is_key and packet.time_s <= time_s]
    return (before[-1] if before else packets[0]).format


def plays_in_browsers(stream_format: StreamFormat) -> bool:
    """Whether browsers play these packets as they are: H.264, 8 bits, 4:2:0, upright, square pixels, even sides."""
    return _why_not_played(stream_format) is None


def _why_not_played(stream_format: StreamFormat) -> str | None:
    if stream_format.codec != "h264" or stream_format.pixel_format not in _PLAYABLE_PIXEL_FORMATS:
        return f"browsers do not play {stream_format.describe()}"
    if stream_format.orientation != UPRIGHT:
        return "its pictures are turned or mirrored when they are shown"
    if stream_format.sample_aspect_ratio != 1:
        return "its pixels are not square"
    if stream_format.width % 2 or stream_format.height % 2:
        return "its pictures have an odd number of pixels on a side"
    return None


def remux(packets: Sequence[EncodedPacket]) -> Clip:
    """A clip of `packets`, which begin with the picture that is shown first, a key one, in the order of decoding.

    Raises av.error.FFmpegError.
    """
    key = packets[0]
    with new_mp4() as (container, mp4):
        _mux(packets, container)
    return Clip(
        mp4.getvalue(), key.time_s, max(packet.end_s for packet in packets), key.format.width, key.format.height
    )


def _mux(packets: Sequence[EncodedPacket], container: OutputContainer) -> None:
    stream = container.add_stream_from_template(packets[0].format.template, opaque=True)
    start = packets[0].pts
    for packet, (pts, dts) in zip(packets, _time_stamps([packet.pts - start for packet in packets]), strict=True):
        muxed = to_av_packet(packet)
        muxed.stream, muxed.time_base = stream, packet.format.time_base
        muxed.pts, muxed.dts = pts, dts
        container.mux(muxed)


def _time_stamps(times: Sequence[int]) -> list[tuple[int, int]]:
    """Presentation and decoding time stamps for pictures that come in the order of decoding and are shown at `times`.

    The decoding time stamps are the times in ascending order, all earlier by as little as lets each picture be decoded
    before it is shown. So they only ascend, whatever those of the source did. A second picture for the same time is
    shown one tick later.
    """
    ascending = sorted(times)
    delay = max(due - shown for due, shown in zip(ascending, times, strict=True))
    stamps: list[tuple[int, int]] = []
    for due, shown in zip(ascending, times, strict=True):
        dts = max(due - delay, stamps[-1][1] + 1) if stamps else due - delay
        stamps.append((max(shown, dts), dts))
    return stamps
