"""The plug point of live cameras: an open connection, and the packets that come through it as they come."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from edge_service.video.packets import StreamFormat

STALL_S = 8.0
"""A connection that brings no picture for so long is dead; with the time that reading takes, noticed within 10 s."""

TIME_BASE_HZ = 90_000
"""The unit of live cameras' time stamps, as RTP and MPEG-TS have it."""


class ConnectionLost(Exception):
    """The camera cannot be reached, or sends no more: the text says why, without credentials."""


class AccessDenied(ConnectionLost):
    """The camera wants another user name or password; many lock a client out that asks again and again."""


@dataclass(frozen=True, slots=True)
class RawPacket:
    """An encoded picture.

    `stamp_s` is when it is shown, in seconds by the camera's clock, None where it has none; `format` is what it is,
    None for what the connection says. `wall_s` is the same moment by the camera's wall clock, in seconds since 1970 or
    since whenever that believes it to be; None where it does not tell.
    """

    data: bytes = field(repr=False)
    stamp_s: float | None
    is_key: bool
    format: StreamFormat | None = field(default=None, repr=False)
    wall_s: float | None = None


class Connection(Protocol):
    """One connection to a camera."""

    @property
    def format(self) -> StreamFormat:
        """The format of the packets, in units of 1 / TIME_BASE_HZ seconds."""
        ...

    def __iter__(self) -> Iterator[RawPacket]:
        """The packets in the order of decoding, as they come; ends when the camera ends the stream.

        Raises ConnectionLost, after at most STALL_S seconds without a picture.
        """
        ...


Connect = Callable[[], AbstractContextManager[Connection]]
"""Opens a connection and closes it. Raises ConnectionLost, and UsageError where trying again would not help."""
