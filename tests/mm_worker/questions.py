"""Questions that tests ask of a model."""

import numpy as np

from mm_worker.frames.clip_frames import ClipFrame
from mm_worker.frames.pictures import make_pictures
from mm_worker.vlm.vlm import Question
from tests.backend_api.events import make_event


def make_question(at_s: float = 0.0, frames: int = 2) -> Question:
    """About the attempt `at_s` seconds after the tests' start, with `frames` small grey pictures."""
    drawn = [ClipFrame(number * 0.5, np.full((48, 64, 3), 90 + number, np.uint8)) for number in range(frames)]
    return Question(make_event(at_s=at_s), make_pictures(drawn, None))
