"""Frames without a video, for what looks at time alone or at a plain picture."""

import numpy as np

from edge_service.video.frame import Frame


def blank_frame(time_s: float, *, width: int = 64, height: int = 36) -> Frame:
    """A black frame at `time_s` seconds of media time."""
    return Frame(time_s, time_s, width, height, lambda: np.zeros((height, width, 3), np.uint8))
