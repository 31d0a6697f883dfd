"""A decoded frame of the video, as detection sees it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame that detection asked for.

    `time_s` is the media time of the run in seconds, from 0, growing over the repeats of `--loop`; `source_time_s` is
    the same instant counted from the start of the file. `width` and `height` are pixels. `image()` gives the picture,
    height x width x 3, uint8, BGR; it is converted when it is asked for, because most frames never are.
    """

    time_s: float
    source_time_s: float
    width: int
    height: int
    image: Callable[[], Image]
