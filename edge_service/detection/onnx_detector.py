"""Finding people with a network out of one ONNX file, of any family in `layouts.py`."""

import ast
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from backend_api.base.process import UsageError
from edge_service.detection.detector import LOW_SCORE, Box, Detection
from edge_service.detection.layout import Candidates, Layout, Probe
from edge_service.detection.layouts import recognise
from edge_service.detection.letterbox import to_blob
from edge_service.detection.network import Array, Network, NetworkError, open_network
from edge_service.detection.network_inputs import NetworkInputs, understand_inputs
from edge_service.detection.onnx_file import read_onnx_file
from edge_service.detector_config import DetectorConfig
from edge_service.video.frame import Frame

log = logging.getLogger(__name__)

_GREY = 114.0
_PERSON = "person"


class OnnxDetector:
    """Runs `network` on each frame. Boxes overlapping a better one by more than `nms` (0..1) are duplicates."""

    def __init__(
        self, network: Network, inputs: NetworkInputs, layout: Layout, *, class_id: int, least_score: float, nms: float
    ) -> None:
        self._network = network
        self._inputs = inputs
        self._layout = layout
        self._class_id = class_id
        self._least_score = least_score
        self._nms = nms

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The persons in `frame`, the best score first. Raises NetworkError when the network cannot be run."""
        blob, placement = to_blob(frame.image(), self._inputs.width, self._inputs.height, self._layout.picture)
        outputs = self._network.run(self._inputs.fill(blob))
        found = self._best(self._layout.read(outputs, self._class_id, self._least_score))
        boxes = placement.to_picture(found.boxes).tolist()
        return [
            Detection(Box(*box), min(1.0, score))
            for box, score in zip(boxes, found.scores.tolist(), strict=True)
            if box[0] < box[2] and box[1] < box[3]
        ]

    def _best(self, found: Candidates) -> Candidates:
        """Without duplicates, the best score first."""
        if self._layout.has_duplicates:
            order = without_duplicates(found, self._nms)
        else:
            order = np.argsort(-found.scores, kind="stable")
        return Candidates(found.boxes[order], found.scores[order])


def without_duplicates(found: Candidates, nms: float) -> Array:
    """The indices of those that overlap no better one by more than `nms`, the best score first."""
    sizes = found.boxes[:, 2:] - found.boxes[:, :2]
    left_top_size = np.concatenate([found.boxes[:, :2], sizes], axis=1)
    return np.array(cv2.dnn.NMSBoxes(left_top_size.tolist(), found.scores.tolist(), 0.0, nms), np.intp)


def open_onnx_detector(model: Path, config: DetectorConfig, network: Network | None = None) -> OnnxDetector:
    """The detector for the file `model`, run once on a grey picture to see what it is.

    `network` is the loaded file, None for the runtime that is there. Raises UsageError in one line when the file is
    missing or damaged, when it cannot be run, or when its inputs or outputs are of no known family.
    """
    file = read_onnx_file(model)
    try:
        inputs = understand_inputs(file, config.input_size)
        network = network or open_network(model)
        grey = np.full((1, 3, inputs.height, inputs.width), _GREY, np.float32)
        layout = recognise(Probe(inputs.width, inputs.height, network.run(inputs.fill(grey))))
        class_id = _class_id(layout, file.notes, config.class_id)
    except (ValueError, NetworkError) as error:
        raise UsageError(f"{model}: {error}") from error
    log.info("detector %s: %s, %dx%d pixels, class %d", model, layout.name, inputs.width, inputs.height, class_id)
    least_score = min(LOW_SCORE, config.score)
    return OnnxDetector(network, inputs, layout, class_id=class_id, least_score=least_score, nms=config.nms)


def _class_id(layout: Layout, notes: dict[str, str], wanted: int | None) -> int:
    """The class to look for: as configured, else the one that the file names person, else that of the family."""
    names = _names(notes)
    if wanted is None:
        wanted = next((number for number, name in names.items() if name == _PERSON), None)
        if wanted is None and names:
            listed = ", ".join(f"{number} {name}" for number, name in list(names.items())[:10])
            raise ValueError(f"none of its classes is named person; set detector.class_id to one of {listed}")
    class_id = layout.person if wanted is None else wanted
    if layout.classes is not None and class_id >= layout.classes:
        raise ValueError(
            f"it has {layout.classes} classes, from 0; set detector.class_id to one of them, not {class_id}"
        )
    return class_id


def _names(notes: dict[str, str]) -> dict[int, str]:
    """The classes as Ultralytics' exporter notes them: `{0: 'person', 1: 'bicycle'}`; empty without such a note."""
    try:
        names = ast.literal_eval(notes.get("names", ""))
    except (ValueError, SyntaxError):
        return {}
    if not isinstance(names, dict):
        return {}
    return {number: str(name).lower() for number, name in names.items() if isinstance(number, int)}
