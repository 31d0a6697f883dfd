"""Following people from frame to frame, so that the same person keeps the same number."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge_service.detection.detector import Box, Detection
from edge_service.tracking.assignment import assign
from edge_service.tracking.kalman import Motion, begin, correct, predict, surprise
from edge_service.tracking.likely_mean import likely_mean

# A person may turn and stop at any time; before two people are compared their boxes grow by this in a second.
_GROWTH_PER_S = 1.0
_MOST_GROWTH = 1.0
_LEAST_OVERLAP = 0.2
_LEAST_OVERLAP_OF_DOUBTFUL = 0.5
# The 99 % quantile of chi-square of four degrees of freedom: one sighting in a hundred of the same person is further
# from what is expected.
_MOST_SURPRISE = 13.28
# Somebody who bends down for two seconds, at two looks a second, is the same when they come up.
_LOST_S = 3.5
# So long after they were last found what scores low where they are missed may be them. It may also be the chair behind
# somebody who left, whose END is late by as much.
_MAYBE_S = 2.0
# What wanders about the score that makes a person is told from one by what it scored for so long.
_MEMORY_S = 60.0
# Differences of time stamps miss their mark by rounding.
_TOLERANCE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Track:
    """One person in one frame; `track_id` counts from 1, `score` is 0..1.

    `mean_score` is what that of all looks at them so far may be, those included that carried on nobody; old ones count
    less.
    `is_doubtful` says that they were lost, and what scores low there now may be them, or a chair.
    """

    track_id: int
    box: Box
    score: float
    mean_score: float = 1.0
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class _Mean:
    """The mean of scores, of which one `_MEMORY_S` seconds before `time_s` counts 1/e."""

    time_s: float
    weight: float = 0.0
    score_sum: float = 0.0
    square_sum: float = 0.0

    @property
    def score(self) -> float:
        return likely_mean(self.weight, self.score_sum, self.square_sum)

    def after(self, score: float, time_s: float) -> "_Mean":
        kept = math.exp(-abs(time_s - self.time_s) / _MEMORY_S)
        return _Mean(time_s, self.weight * kept + 1, self.score_sum * kept + score, self.square_sum * kept + score**2)


class Tracker:
    """Gives each detection the number of the person who was expected there, or a new one.

    Method: ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022).
    Detections of at least `high_score` go to whom they fit best; what scores less only carries on somebody who was
    there in the frame before and is left over, because people half hidden score low, and so do chairs. Frames may be
    half a second apart, so motion goes by time (`kalman.py`), boxes grow by it before they are compared (buffered IoU,
    Yang et al., "Hard to Track Objects with Irregular Motions and Similar Appearances?", WACV 2023), and a single
    sighting is enough for a number. What overlaps so and is of another size, or further off than anybody gets, is
    another person: the gate of Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric", ICIP
    2017. People who are not seen for 3.5 s of media time are forgotten.

    A doubtful detection where somebody was before, but not in the frame before, does not find them again: for 2 s it is
    given as a doubtful track, and changes nothing of where they are expected. It counts in their mean score all the
    same: else only what scores high would count after each miss.
    """

    def __init__(self, high_score: float = 0.4) -> None:
        self._high_score = high_score
        self._known: dict[int, Motion] = {}
        self._means: dict[int, _Mean] = {}
        self._before_s: float | None = None
        self._last_id = 0

    def update(self, detections: Sequence[Detection], time_s: float) -> Sequence[Track]:
        """The people in the frame at `time_s` seconds of media time, in the order of `detections`.

        Doubtful detections where nobody was, or not lately, are left out.
        """
        # A time that jumped back is as strange as one that jumped ahead: nobody from there is known here.
        self._means = {i: mean for i, mean in self._means.items() if abs(time_s - mean.time_s) <= _LOST_S}
        self._known = {i: known for i, known in self._known.items() if i in self._means}
        ids = self._match(detections, time_s)
        doubtful = self._count_unseen(ids, detections, time_s)
        tracks = []
        for index, detection in enumerate(detections):
            track_id = ids.get(index)
            if track_id is not None:
                self._known[track_id] = correct(predict(self._known[track_id], time_s), detection.box)
            elif detection.score >= self._high_score:
                track_id = self._last_id = self._last_id + 1
                self._known[track_id] = begin(detection.box, time_s)
            else:
                tracks += doubtful.get(index, [])
                continue
            mean = self._count(track_id, detection.score, time_s)
            tracks.append(Track(track_id, detection.box, detection.score, mean.score))
        self._before_s = time_s
        return tracks

    def _count_unseen(
        self, ids: Mapping[int, int], detections: Sequence[Detection], time_s: float
    ) -> dict[int, list[Track]]:
        """Count what scores low where somebody is missed who was not seen in the frame before either.

        By index of detection, their doubtful track, if they have not been lost for too long.
        """
        seen = set(ids.values())
        missed = [i for i in self._known if i not in seen]
        low = [index for index in self._low(detections) if index not in ids]
        doubtful: dict[int, list[Track]] = {}
        for index, track_id in self._associate(missed, low, detections, time_s, _LEAST_OVERLAP_OF_DOUBTFUL).items():
            found = detections[index]
            mean = self._count(track_id, found.score, time_s)
            if abs(time_s - self._known[track_id].time_s) <= _MAYBE_S + _TOLERANCE_S:
                doubtful[index] = [Track(track_id, found.box, found.score, mean.score, is_doubtful=True)]
        return doubtful

    def _count(self, track_id: int, score: float, time_s: float) -> _Mean:
        mean = self._means.get(track_id, _Mean(time_s)).after(score, time_s)
        self._means[track_id] = mean
        return mean

    def _low(self, detections: Sequence[Detection]) -> list[int]:
        return [index for index, found in enumerate(detections) if found.score < self._high_score]

    def _match(self, detections: Sequence[Detection], time_s: float) -> dict[int, int]:
        """Track ids by index of detection."""
        high = [index for index, found in enumerate(detections) if found.score >= self._high_score]
        ids = self._associate(list(self._known), high, detections, time_s, _LEAST_OVERLAP)
        taken = set(ids.values())
        left = [i for i, known in self._known.items() if i not in taken and known.time_s == self._before_s]
        return ids | self._associate(left, self._low(detections), detections, time_s, _LEAST_OVERLAP_OF_DOUBTFUL)

    def _associate(
        self, track_ids: list[int], indices: list[int], detections: Sequence[Detection], time_s: float, least: float
    ) -> dict[int, int]:
        """Which of `track_ids` each of the `indices` may be, where they overlap by at least `least`."""
        overlaps = np.zeros((len(track_ids), len(indices)))
        for row, track_id in enumerate(track_ids):
            known = self._known[track_id]
            expected = predict(known, time_s)
            there = expected.box()
            for column, index in enumerate(indices):
                box = detections[index].box
                overlap = _overlap(there, box, abs(time_s - known.time_s))
                if overlap >= least and surprise(expected, box) <= _MOST_SURPRISE:
                    overlaps[row, column] = overlap
        pairs = assign(overlaps)
        return {indices[column]: track_ids[row] for row, column in pairs}


def _overlap(a: Box, b: Box, apart_s: float) -> float:
    """Intersection over union (0..1) of two boxes that were seen `apart_s` seconds apart, grown by that time."""
    growth = min(_GROWTH_PER_S * apart_s, _MOST_GROWTH)
    a, b = _grow(a, growth), _grow(b, growth)
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(a) + _area(b) - shared)


def _grow(box: Box, growth: float) -> Box:
    """`box` with `growth` times its size added on every side."""
    x, y = growth * (box.right - box.left), growth * (box.bottom - box.top)
    return Box(box.left - x, box.top - y, box.right + x, box.bottom + y)


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
