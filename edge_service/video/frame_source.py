"""The plug point of video sources: a file that is played, or a camera that is live."""

from collections.abc import Generator
from typing import Protocol

from edge_service.video.frame import Frame


class FrameSource(Protocol):
    """Gives the frames of one camera and counts them; every packet goes into the ring that it was made with."""

    @property
    def captured(self) -> int:
        """Frames that were delivered, decoded or not."""
        ...

    @property
    def processed(self) -> int:
        """Frames that were handed on."""
        ...

    @property
    def skipped(self) -> int:
        """Frames that were delivered and not, or not yet, handed on."""
        ...

    @property
    def reconnects(self) -> int:
        """How many times a lost connection was made again; a file is never lost."""
        ...

    @property
    def description(self) -> str:
        """What is watched, for people: without credentials."""
        ...

    def __iter__(self) -> Generator[Frame | None, None, None]:
        """The frames in the order of their times, which only ascend; None about once a second while none comes.

        Closing it closes the file or the connection.
        """
        ...
