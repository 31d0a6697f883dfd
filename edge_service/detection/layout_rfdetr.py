"""The outputs of RF-DETR: `dets`, the boxes, and `labels`, the classes as logits."""

from functools import partial

import numpy as np

from edge_service.detection.layout import Candidates, Layout, Outputs, Probe, corners
from edge_service.detection.letterbox import Fit, PictureFormat
from edge_service.detection.network import Array

LOOKS_LIKE = "RF-DETR: dets [1, boxes, 4], labels [1, boxes, classes]"
# The mean and deviation of ImageNet's pictures, times 255.
_PICTURE = PictureFormat(Fit.STRETCHED, is_rgb=True, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
# COCO's own numbers go from 1 to 90; 80 of them are in use.
_CLASSES_OF_COCO = (90, 91)


def recognise(probe: Probe) -> Layout | None:
    """The layout, if it is this one."""
    outputs = probe.outputs
    if set(outputs) != {"dets", "labels"} or outputs["labels"].ndim != 3:
        return None
    if outputs["dets"].shape != (1, outputs["labels"].shape[1], 4) or outputs["labels"].shape[0] != 1:
        return None
    classes = outputs["labels"].shape[2]
    scale = np.array([probe.width, probe.height] * 2, np.float32)
    return Layout(
        name="RF-DETR",
        picture=_PICTURE,
        classes=classes,
        person=1 if classes in _CLASSES_OF_COCO else 0,
        has_duplicates=False,
        read=partial(read, scale),
    )


def read(scale: Array, outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Boxes of centre x, centre y, width, height, which times `scale` (4) are pixels."""
    logits = outputs["labels"][0, :, class_id].astype(np.float32)
    # The logistic function, in the form that does not overflow.
    scores = 0.5 * (1.0 + np.tanh(0.5 * logits))
    is_good = scores >= least_score
    return Candidates(corners(outputs["dets"][0, is_good].astype(np.float32) * scale), scores[is_good])
