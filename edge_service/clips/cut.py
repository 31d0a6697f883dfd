"""Cutting a clip out of the packets: as they are where browsers play them, encoded otherwise."""

from collections.abc import Sequence

import av

from edge_service.clips.encode import NothingDecoded, encode
from edge_service.clips.mp4 import Clip
from edge_service.clips.remux import plays_in_browsers, remux
from edge_service.video.packets import EncodedPacket


class ClipError(Exception):
    """There can be no clip: the text is one line that says why."""


def cut(packets: Sequence[EncodedPacket], start_s: float, end_s: float) -> Clip:
    """A clip that shows `start_s` to `end_s` seconds of media time, as far as `packets` do; the same bytes every time.

    `packets` come from PacketRing.select. Those that are copied begin with their first one, a key picture, which may be
    earlier than `start_s`; those that are encoded begin with the picture on the screen at `start_s`. Raises ClipError.
    """
    if not packets:
        raise ClipError("no video of that time is kept any more")
    try:
        return remux(packets) if plays_in_browsers(packets[0].format) else encode(packets, start_s, end_s)
    except NothingDecoded as error:
        raise ClipError("the video of that time is damaged, none of it could be decoded") from error
    except av.error.FFmpegError as error:
        raise ClipError(f"the clip could not be made: {error.strerror}") from error
