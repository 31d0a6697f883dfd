"""The families of detection networks whose outputs can be read, and which one a network is of."""

from collections.abc import Callable
from functools import partial

import numpy as np

from edge_service.detection.layout import Candidates, Layout, Outputs, Probe, corners
from edge_service.detection.letterbox import Array, Fit, PictureFormat

_SCALED = (255.0, 255.0, 255.0)
_ULTRALYTICS = PictureFormat(Fit.CENTRED, is_rgb=True, std=_SCALED)


def recognise(probe: Probe) -> Layout:
    """The layout of the network that `probe` is from. Raises ValueError that says what it is, and what is known."""
    for _, recognise_family in _FAMILIES:
        if layout := recognise_family(probe):
            return layout
    found = ", ".join(f"{name} {list(output.shape)}" for name, output in probe.outputs.items())
    known = "; ".join(looks_like for looks_like, _ in _FAMILIES)
    raise ValueError(f"its outputs for {probe.width}x{probe.height} pixels are {found}; known are {known}")


# YOLOX: a row for each cell of three grids, box and classes beside each other, the grid decoded or not.
# Ge et al., "YOLOX: Exceeding YOLO Series in 2021"; its exporter leaves the grid undecoded unless it is told otherwise.


def _yolox(probe: Probe) -> Layout | None:
    output = probe.only_output()
    if output is None or output.shape[1] != probe.cells or output.shape[2] < 6:
        return None
    # Decoded, the cells' boxes lie all over the input, half of them beyond its middle; undecoded, near their own cell.
    is_decoded = np.median(output[0, :, 0]) > probe.width / 4
    read = _read_decoded_cells if is_decoded else partial(_read_grid, _grid(probe.width, probe.height))
    return Layout(
        name=f"YOLOX, {'decoded' if is_decoded else 'raw grid'}",
        picture=PictureFormat(Fit.TOP_LEFT, is_rgb=False),
        classes=output.shape[2] - 5,
        person=0,
        has_duplicates=True,
        read=read,
    )


def _grid(width: int, height: int) -> Array:
    """The cells of an input of `width` x `height` pixels, n x 3: column, row, stride."""
    levels = []
    for stride in (8, 16, 32):
        columns, rows = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
        levels.append(np.stack([columns.ravel(), rows.ravel(), np.full(columns.size, stride)], axis=1))
    return np.concatenate(levels).astype(np.float32)


def _read_decoded_cells(outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Rows of centre x, centre y, width, height in pixels, the score of anything being there, that of each class."""
    rows, scores = _good_cells(outputs, class_id, least_score)[1:]
    return Candidates(corners(rows[:, :4]), scores)


def _read_grid(cells: Array, outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """The same with the centre counted from the cell in its strides, and the natural logarithm of the size in them."""
    is_good, rows, scores = _good_cells(outputs, class_id, least_score)
    places, strides = cells[is_good, :2], cells[is_good, 2:]
    centred = np.concatenate([(rows[:, :2] + places) * strides, np.exp(rows[:, 2:4]) * strides], axis=1)
    return Candidates(corners(centred), scores)


def _good_cells(outputs: Outputs, class_id: int, least_score: float) -> tuple[Array, Array, Array]:
    (output,) = outputs.values()
    scores = output[0, :, 4].astype(np.float32) * output[0, :, 5 + class_id]
    is_good = scores >= least_score
    return is_good, output[0, is_good].astype(np.float32), scores[is_good]


# Networks that leave no duplicates (YOLOv10, YOLO26): a row for each person or thing, the best first.


def _end_to_end(probe: Probe) -> Layout | None:
    output = probe.only_output()
    if output is None or output.shape[2] != 6:
        return None
    return Layout("end to end", _ULTRALYTICS, classes=None, person=0, has_duplicates=False, read=_read_rows)


def _read_rows(outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Rows of left, top, right, bottom in pixels, score, class."""
    (output,) = outputs.values()
    rows = output[0].astype(np.float32)
    good = rows[(rows[:, 4] >= least_score) & (np.rint(rows[:, 5]) == class_id)]
    return Candidates(good[:, :4], good[:, 4])


# YOLOv8, YOLO11 and their like: a column for each cell, boxes above classes, several boxes for one person.


def _yolov8(probe: Probe) -> Layout | None:
    output = probe.only_output()
    if output is None or not 5 <= output.shape[1] < output.shape[2]:
        return None
    classes = output.shape[1] - 4
    return Layout("YOLOv8", _ULTRALYTICS, classes=classes, person=0, has_duplicates=True, read=_read_columns)


def _read_columns(outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Columns of centre x, centre y, width, height in pixels, and the score of each class."""
    (output,) = outputs.values()
    scores = output[0, 4 + class_id].astype(np.float32)
    is_good = scores >= least_score
    return Candidates(corners(output[0, :4].T[is_good].astype(np.float32)), scores[is_good])


# RT-DETR and D-FINE, already decoded. Their exporters scale the boxes by a second input `orig_target_sizes`, which is
# given the input's own size here. Without it the boxes are in 0..1 of the input, or in its pixels.

# Boxes in 0..1 may reach a little beyond the edges; in pixels they are all over the input.
_MOST_OF_A_SHARE = 2.0


def _rtdetr(probe: Probe) -> Layout | None:
    outputs = probe.outputs
    if set(outputs) != {"labels", "boxes", "scores"}:
        return None
    count = outputs["scores"].shape[-1]
    if [outputs[name].shape for name in ("labels", "boxes", "scores")] != [(1, count), (1, count, 4), (1, count)]:
        return None
    is_share = np.abs(outputs["boxes"]).max(initial=0.0) <= _MOST_OF_A_SHARE
    scale = np.array([probe.width, probe.height] * 2 if is_share else [1] * 4, np.float32)
    picture = PictureFormat(Fit.STRETCHED, is_rgb=True, std=_SCALED)
    read = partial(_read_decoded_boxes, scale)
    return Layout("RT-DETR", picture, classes=None, person=0, has_duplicates=False, read=read)


def _read_decoded_boxes(scale: Array, outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Boxes of left, top, right, bottom, which times `scale` (4) are pixels."""
    labels, boxes, scores = (outputs[name][0] for name in ("labels", "boxes", "scores"))
    is_good = (scores >= least_score) & (labels == class_id)
    return Candidates(boxes[is_good].astype(np.float32) * scale, scores[is_good].astype(np.float32))


# RF-DETR: `dets`, the boxes, and `labels`, the classes as logits. The mean and deviation of ImageNet's pictures, times
# 255. COCO's own numbers go from 1 to 90; 80 of them are in use.

_IMAGENET = PictureFormat(Fit.STRETCHED, is_rgb=True, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
_CLASSES_OF_COCO = (90, 91)


def _rfdetr(probe: Probe) -> Layout | None:
    outputs = probe.outputs
    if set(outputs) != {"dets", "labels"} or outputs["labels"].ndim != 3:
        return None
    if outputs["dets"].shape != (1, outputs["labels"].shape[1], 4) or outputs["labels"].shape[0] != 1:
        return None
    classes = outputs["labels"].shape[2]
    scale = np.array([probe.width, probe.height] * 2, np.float32)
    return Layout(
        name="RF-DETR",
        picture=_IMAGENET,
        classes=classes,
        person=1 if classes in _CLASSES_OF_COCO else 0,
        has_duplicates=False,
        read=partial(_read_logits, scale),
    )


def _read_logits(scale: Array, outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Boxes of centre x, centre y, width, height, which times `scale` (4) are pixels."""
    logits = outputs["labels"][0, :, class_id].astype(np.float32)
    # The logistic function, in the form that does not overflow.
    scores = 0.5 * (1.0 + np.tanh(0.5 * logits))
    is_good = scores >= least_score
    return Candidates(corners(outputs["dets"][0, is_good].astype(np.float32) * scale), scores[is_good])


# YOLOX comes first: with a single class its rows are as long as those of an end-to-end network, but one for each cell.
_FAMILIES: tuple[tuple[str, Callable[[Probe], Layout | None]], ...] = (
    ("YOLOX: one output [1, cells of strides 8, 16 and 32, 5 + classes]", _yolox),
    ("YOLO26, YOLOv10: one output [1, boxes, 6]", _end_to_end),
    ("YOLOv8, YOLO11: one output [1, 4 + classes, cells]", _yolov8),
    ("RT-DETR, D-FINE: labels [1, boxes], boxes [1, boxes, 4], scores [1, boxes]", _rtdetr),
    ("RF-DETR: dets [1, boxes, 4], labels [1, boxes, classes]", _rfdetr),
)
