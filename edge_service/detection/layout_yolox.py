"""YOLOX's output: a row for each cell of three grids, box and classes beside each other, the grid decoded or not.

Ge et al., "YOLOX: Exceeding YOLO Series in 2021"; its exporter leaves the grid undecoded unless it is told otherwise.
"""

from functools import partial

import numpy as np

from edge_service.detection.layout import Candidates, Layout, Outputs, Probe, corners
from edge_service.detection.letterbox import Fit, PictureFormat
from edge_service.detection.network import Array

LOOKS_LIKE = "YOLOX: one output [1, cells of strides 8, 16 and 32, 5 + classes]"
_PICTURE = PictureFormat(Fit.TOP_LEFT, is_rgb=False)


def recognise(probe: Probe) -> Layout | None:
    """The layout, if it is this one."""
    output = probe.only_output()
    if output is None or output.shape[1] != probe.cells or output.shape[2] < 6:
        return None
    # Decoded, the cells' boxes lie all over the input, half of them beyond its middle; undecoded, near their own cell.
    is_decoded = np.median(output[0, :, 0]) > probe.width / 4
    read = read_decoded if is_decoded else partial(read_grid, grid(probe.width, probe.height))
    return Layout(
        name=f"YOLOX, {'decoded' if is_decoded else 'raw grid'}",
        picture=_PICTURE,
        classes=output.shape[2] - 5,
        person=0,
        has_duplicates=True,
        read=read,
    )


def grid(width: int, height: int) -> Array:
    """The cells of an input of `width` x `height` pixels, n x 3: column, row, stride."""
    levels = []
    for stride in (8, 16, 32):
        columns, rows = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
        levels.append(np.stack([columns.ravel(), rows.ravel(), np.full(columns.size, stride)], axis=1))
    return np.concatenate(levels).astype(np.float32)


def read_decoded(outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Rows of centre x, centre y, width, height in pixels, the score of anything being there, that of each class."""
    rows, scores = _good_rows(outputs, class_id, least_score)[1:]
    return Candidates(corners(rows[:, :4]), scores)


def read_grid(cells: Array, outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """The same with the centre counted from the cell in its strides, and the natural logarithm of the size in them."""
    is_good, rows, scores = _good_rows(outputs, class_id, least_score)
    places, strides = cells[is_good, :2], cells[is_good, 2:]
    centred = np.concatenate([(rows[:, :2] + places) * strides, np.exp(rows[:, 2:4]) * strides], axis=1)
    return Candidates(corners(centred), scores)


def _good_rows(outputs: Outputs, class_id: int, least_score: float) -> tuple[Array, Array, Array]:
    (output,) = outputs.values()
    scores = output[0, :, 4].astype(np.float32) * output[0, :, 5 + class_id]
    is_good = scores >= least_score
    return is_good, output[0, is_good].astype(np.float32), scores[is_good]
