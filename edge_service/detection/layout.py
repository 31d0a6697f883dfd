"""The common part of all layouts of a network's outputs: how one is described, and what it is read into."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_service.detection.letterbox import Array, PictureFormat
from edge_service.detection.open_size import STRIDES

Outputs = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes of one class (n x 4: left, top, right, bottom in pixels of the input) and their scores (n, 0..1)."""

    boxes: Array
    scores: Array


@dataclass(frozen=True, slots=True)
class Probe:
    """A network's outputs for a plain grey input of `width` x `height` pixels."""

    width: int
    height: int
    outputs: Outputs

    @property
    def cells(self) -> int:
        """How many cells the grids of 8, 16 and 32 pixels have, which the YOLO families look at."""
        return sum((self.width // stride) * (self.height // stride) for stride in STRIDES)

    @property
    def counts_cells(self) -> bool:
        """Whether the only output has a row or a column for each cell."""
        output = self.only_output()
        return output is not None and self.cells in output.shape[1:]

    def only_output(self) -> Array | None:
        """The output, where there is just one, of one picture, with three dimensions."""
        outputs = list(self.outputs.values())
        return outputs[0] if len(outputs) == 1 and outputs[0].ndim == 3 and outputs[0].shape[0] == 1 else None


@dataclass(frozen=True, slots=True)
class Layout:
    """One family of networks, as `read` decodes it.

    `classes` is how many classes the outputs tell apart, None where they do not say. `person` is the number of the
    class person as the family's weights for COCO have it. `has_duplicates`: one person may give several boxes.
    `read(outputs, class_id, least_score)` gives the boxes of one class that score at least that.
    """

    name: str
    picture: PictureFormat
    classes: int | None
    person: int
    has_duplicates: bool
    read: Callable[[Outputs, int, float], Candidates]


def corners(centred: Array) -> Array:
    """Boxes (n x 4) as left, top, right, bottom, from centre x, centre y, width, height."""
    half = centred[:, 2:] / 2
    return np.concatenate([centred[:, :2] - half, centred[:, :2] + half], axis=1)
