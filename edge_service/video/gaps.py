"""Gaps: times of which a camera gave no picture, found in the packets and told of a clip (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_service.video.packets import EncodedPacket

# A camera that varies its rate, or loses single pictures, has none.
_LEAST_S = 0.5
_LEAST_PICTURES = 3


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """No picture came from `start_s` to `end_s`, in seconds of media time."""

    start_s: float
    end_s: float


def least_gap_s(usual_s: float) -> float:
    """How long no picture comes at least where one stays for `usual_s` seconds, and some are missing."""
    return max(_LEAST_S, _LEAST_PICTURES * usual_s)


def is_gap(left_s: float, packet: EncodedPacket) -> bool:
    """Whether pictures are missing between `left_s`, when the last one was over, and `packet`."""
    return packet.time_s - left_s > least_gap_s(packet.end_s - packet.time_s)


def within(gaps: Iterable[Gap], start_s: float, end_s: float) -> tuple[Gap, ...]:
    """The parts of `gaps` that lie between `start_s` and `end_s`, in the order of time, those that touch made one."""
    result: list[Gap] = []
    for gap in sorted(gaps):
        start, end = max(gap.start_s, start_s), min(gap.end_s, end_s)
        if start >= end:
            continue
        if result and start <= result[-1].end_s:
            result[-1] = Gap(result[-1].start_s, max(end, result[-1].end_s))
        else:
            result.append(Gap(start, end))
    return tuple(result)
