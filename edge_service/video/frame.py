"""A decoded frame of the video, as detection sees it, and the plug point of the sources that give frames."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame that detection asked for.

    `time_s` is the media time of the run in seconds, from 0, growing over the repeats of `--loop`; `source_time_s` is
    the same instant counted from the start of the file. `width` and `height` are pixels. `image()` gives the picture as
    people see it, height x width x 3, uint8, BGR; it is converted when it is asked for, because most frames never are.
    `scaled((width, height))` gives it stretched to that size, for detection, without the whole picture in between.
    `let_go()` is called when it has been looked at: what takes much memory is given back. What is asked for after that
    is decoded anew.
    `looked_at` is the frame whose people count as those of this one, which was not decoded; None for itself.
    `stream` is "main" where the main stream is looked at because the one for detection is lost.
    """

    time_s: float
    source_time_s: float
    width: int
    height: int
    image: Callable[[], Image]
    scaled: Callable[[tuple[int, int]], Image]
    looked_at: "Frame | None" = None
    stream: Literal["main"] | None = None
    let_go: Callable[[], None] = lambda: None


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
    def is_live(self) -> bool:
        """Whether its time is the clock's: a camera's, and not a file's."""
        ...

    @property
    def problem(self) -> str | None:
        """The hindrance that keeps pictures away at present, in a phrase without credentials; None while they come."""
        ...

    @property
    def warning(self) -> str | None:
        """The trouble that leaves detection alone, in a phrase without credentials; None while there is none."""
        ...

    @property
    def complete_s(self) -> float:
        """No frame that comes later is of before this media time."""
        ...

    @property
    def description(self) -> str:
        """The source in words for people, without credentials."""
        ...

    def __iter__(self) -> Generator[Frame | None, None, None]:
        """The frames in the order of their times, which only ascend; None about once a second while none comes.

        Closing it closes the file or the connection.
        """
        ...
