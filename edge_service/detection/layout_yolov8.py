"""The output of YOLOv8, YOLO11 and their like: a column for each cell, boxes above classes, several for one person."""

import numpy as np

from edge_service.detection.layout import Candidates, Layout, Outputs, Probe, corners
from edge_service.detection.letterbox import Fit, PictureFormat

LOOKS_LIKE = "YOLOv8, YOLO11: one output [1, 4 + classes, cells]"
_PICTURE = PictureFormat(Fit.CENTRED, is_rgb=True, std=(255.0, 255.0, 255.0))


def recognise(probe: Probe) -> Layout | None:
    """The layout, if it is this one."""
    output = probe.only_output()
    if output is None or not 5 <= output.shape[1] < output.shape[2]:
        return None
    return Layout("YOLOv8", _PICTURE, classes=output.shape[1] - 4, person=0, has_duplicates=True, read=read)


def read(outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Columns of centre x, centre y, width, height in pixels, and the score of each class."""
    (output,) = outputs.values()
    scores = output[0, 4 + class_id].astype(np.float32)
    is_good = scores >= least_score
    return Candidates(corners(output[0, :4].T[is_good].astype(np.float32)), scores[is_good])
