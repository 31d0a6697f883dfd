"""The background's witness: where nothing in the picture has changed for minutes, nobody is, whatever a detector says.

A shelf, a rack of helmets or a mirror may look like a person for ever. A person does not keep still: who sleeps
breathes. So the picture is watched in blocks, and a track in whose box no block has changed for `still_s` seconds, or
all look again as they did then, is a thing. Before that a track that keeps still, or was never seen to move, is
doubted: its mean score is 0, so that it begins no use until it moves, which a person soon does; that use then began
when they were first seen.

Measured on pictures of 96 blocks along the longer side, in levels of 0..255: a still scene of 1080p in H.264 at crf 23
changes by at most 2.0 with usual noise (sigma 2), by 3.0 at night (sigma 6). A chest that moves by 1, 2, 4 pixels up
and down changes a block by 2.3, 4.0, 8.3: quiet breathing, 4 to 12 mm, of somebody 300 pixels long is 1 to 2 pixels,
and in five minutes also other things move. Somebody who sits at a table changes a block by 12 at least every second.
What is in doubt, such as a flickering light or a noisy night, is taken for movement: a thing then counts as somebody.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_service.detection.detector import Box
from edge_service.tracking.tracker import Track

Grid = npt.NDArray[np.float32]
_Times = npt.NDArray[np.float64]

BLOCKS = 96
"""Blocks along the longer side of the picture."""
LOOK_EVERY_S = 2.0
"""Twice in a breath."""
LEAST_CHANGE = 2.5
"""A block whose mean differs by more levels (0..255) has changed."""
RETURN_S = 120.0
"""What looks for so long as it did when it was still is so again; a person who passed it is gone by then."""
DOUBTED_S = 4.0
"""What keeps still for so long is doubted: somebody who sits at a table never did for 2 s."""
LEAST_SIDE = 0.15
"""In a smaller box, as a share of the picture, nobody could be seen to breathe."""
# What comes later than that may have missed anything.
_LONGEST_GAP_S = 5 * LOOK_EVERY_S
# By this share the picture of a still block follows the light of the day: in some 20 looks.
_FOLLOWS = 0.05
_TELL_EVERY_S = 600.0

log = logging.getLogger(__name__)


class Witness:
    """Told of the picture every LOOK_EVERY_S seconds, it knows where nothing has changed for `still_s` seconds."""

    def __init__(self, still_s: float) -> None:
        self._still_s = still_s
        self._time_s = float("-inf")
        self._told_s = float("-inf")
        self._begun_s = float("-inf")
        # By block: as it looks, since when; as it looked when it was still, and since when it looks so again.
        self._looks: Grid | None = None
        self._since_s: _Times = np.zeros((0, 0))
        self._settled: Grid = np.zeros((0, 0), np.float32)
        self._back_s: _Times = self._since_s

    def is_due(self, time_s: float) -> bool:
        """Whether the picture of `time_s`, in seconds of media time, is to be looked at."""
        return time_s - self._time_s >= LOOK_EVERY_S or time_s < self._time_s

    def look(self, grid: Grid, time_s: float) -> None:
        """The means of the picture's blocks (rows x columns, 0..255) at `time_s`."""
        gap_s = time_s - self._time_s
        self._time_s = time_s
        if self._looks is None or self._looks.shape != grid.shape or not 0 < gap_s <= _LONGEST_GAP_S:
            self._looks = grid.copy()
            self._begun_s = time_s
            self._since_s = np.full(grid.shape, time_s)
            self._settled = np.full(grid.shape, np.nan, np.float32)
            self._back_s = self._since_s.copy()
            return
        # The light of the whole picture changes, and nothing in it.
        step = grid - self._looks
        step -= np.median(step)
        changed = np.abs(step) > LEAST_CHANGE
        self._looks = np.where(changed, grid, self._looks + np.float32(_FOLLOWS) * (grid - self._looks))
        self._since_s[changed] = time_s
        still = time_s - self._since_s >= self._still_s
        self._settled = np.where(still, self._looks, self._settled)
        away = grid - self._settled
        away -= np.nanmedian(away) if np.isfinite(away).any() else 0.0
        self._back_s[~(np.abs(away) <= LEAST_CHANGE)] = time_s

    def is_thing(self, box: Box) -> bool:
        """Whether what is in `box` is no person, but has always been there."""
        part = self._blocks(box)
        is_still = self._time_s - self._since_s[part] >= self._still_s
        is_back = self._time_s - self._back_s[part] >= RETURN_S
        return bool(is_still.size and (is_still | is_back).all())

    def people(self, tracks: Sequence[Track]) -> Sequence[Track]:
        """Those of `tracks` that are no things, the still ones doubted.

        It is said in the log, once in a while, when there are things.
        """
        things = [track for track in tracks if self.is_thing(track.box)]
        if things and self._time_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = self._time_s
            box = things[0].box
            log.info(
                "what looks like a person from %.2f, %.2f to %.2f, %.2f has not moved at all for minutes: it counts as"
                " a thing until it moves; --still-s 0 counts everything",
                box.left, box.top, box.right, box.bottom,
            )  # fmt: skip
        return [self._doubted(track) for track in tracks if track not in things]

    def _doubted(self, track: Track) -> Track:
        """`track`, with a mean score of 0 where it keeps still, or nothing has moved since all looks began."""
        since_s = self._since_s[self._blocks(track.box)]
        if not since_s.size or self._begun_s < since_s.max() > self._time_s - DOUBTED_S:
            return track
        return replace(track, mean_score=0.0)

    def _blocks(self, box: Box) -> tuple[slice, slice]:
        """The rows and columns of blocks that `box` covers; none where nothing can be said of it."""
        if self._looks is None or max(box.right - box.left, box.bottom - box.top) < LEAST_SIDE:
            return slice(0), slice(0)
        rows, columns = self._looks.shape
        return (
            slice(max(0, int(box.top * rows)), max(1, int(np.ceil(box.bottom * rows)))),
            slice(max(0, int(box.left * columns)), max(1, int(np.ceil(box.right * columns)))),
        )


def grid_size(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the blocks of a picture of `width` x `height` pixels."""
    longer = max(width, height)
    return max(1, round(BLOCKS * width / longer)), max(1, round(BLOCKS * height / longer))
