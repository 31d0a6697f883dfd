"""Frames without a video, for what looks at time alone or at a plain picture."""

from collections.abc import Callable

import cv2
import numpy as np

from edge_service.video.frame import Frame, Image


def blank_frame(time_s: float, *, width: int = 64, height: int = 36) -> Frame:
    """A black frame at `time_s` seconds of media time."""
    return frame_showing(lambda: np.zeros((height, width, 3), np.uint8), time_s, width=width, height=height)


def frame_showing(
    image: Callable[[], Image], time_s: float = 0.0, *, width: int, height: int, source_time_s: float | None = None
) -> Frame:
    """A frame at `time_s` seconds of media time, of that size, whose picture is what `image` gives when it is asked."""

    def scaled(size: tuple[int, int]) -> Image:
        return np.asarray(cv2.resize(image(), size, interpolation=cv2.INTER_AREA), np.uint8)

    return Frame(time_s, time_s if source_time_s is None else source_time_s, width, height, image, scaled)
