"""The output of networks that leave no duplicates (YOLOv10, YOLO26): a row for each person or thing, best first."""

import numpy as np

from edge_service.detection.layout import Candidates, Layout, Outputs, Probe
from edge_service.detection.letterbox import Fit, PictureFormat

LOOKS_LIKE = "YOLO26, YOLOv10: one output [1, boxes, 6]"
_PICTURE = PictureFormat(Fit.CENTRED, is_rgb=True, std=(255.0, 255.0, 255.0))


def recognise(probe: Probe) -> Layout | None:
    """The layout, if it is this one."""
    output = probe.only_output()
    if output is None or output.shape[2] != 6:
        return None
    return Layout("end to end", _PICTURE, classes=None, person=0, has_duplicates=False, read=read)


def read(outputs: Outputs, class_id: int, least_score: float) -> Candidates:
    """Rows of left, top, right, bottom in pixels, score, class."""
    (output,) = outputs.values()
    rows = output[0].astype(np.float32)
    good = rows[(rows[:, 4] >= least_score) & (np.rint(rows[:, 5]) == class_id)]
    return Candidates(good[:, :4], good[:, 4])
