"""The outputs of RT-DETR and D-FINE, already decoded: `labels`, `boxes`, `scores`.

Their exporters scale the boxes by a second input `orig_target_sizes`, which is given the input's own size here. Without
it the boxes are in 0..1 of the input, or in its pixels.
"""

from functools import partial

import numpy as np

from edge_service.detection.layout import Candidates, Layout, Outputs, Probe
from edge_service.detection.letterbox import Fit, PictureFormat
from edge_service.detection.network import Array

LOOKS_LIKE = "RT-DETR, D-FINE: labels [1, boxes], boxes [1, boxes, 4], scores [1, boxes]"
_PICTURE = PictureFormat(Fit.STRETCHED, is_rgb=True, std=(255.0, 255.0, 255.0))
# Boxes in 0..1 may reach a little beyond the edges; in pixels they are all over the input.
_MOST_OF_A_SHARE = 2.0


def recognise(probe: Probe) -> Layout | None:
    """The layout, if it is this one."""
    outputs = probe.outputs
    if set(outputs) != {"labels", "boxes", "scores"}:
        return None
    count = outputs["scores"].shape[-1]
    if [outputs[name].shape for name in ("labels", "boxes", "scores")] != [(1, count), (1, count, 4), (1, count)]:
        return None
    is_share = np.abs(outputs["boxes"]).max(initial=0.0) <= _MOST_OF_A_SHARE
    scale = np.array([probe.width, probe.height] * 2 if is_share else [1] * 4, np.float32)
    return Layout("RT-DETR", _PICTURE, classes=None, person=0, has_duplicates=False, read=partial(read, scale))


def read(scale: Array, outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Boxes of left, top, right, bottom, which times `scale` (4) are pixels."""
    labels, boxes, scores = (outputs[name][0] for name in ("labels", "boxes", "scores"))
    is_good = (scores >= least_score) & (labels == class_id)
    return Candidates(boxes[is_good].astype(np.float32) * scale, scores[is_good].astype(np.float32))
