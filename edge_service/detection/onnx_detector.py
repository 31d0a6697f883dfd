"""Finding people with a network out of one ONNX file, of any family in `layouts.py`."""

import ast
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from backend_api.base.clock import Clock, SystemClock
from backend_api.base.process import UsageError
from edge_service.detection.detector import LOW_SCORE, Box, Detection
from edge_service.detection.detector_config import LARGEST_INPUT_PX, LEAST_INPUT_PX, DetectorConfig
from edge_service.detection.fitting import FittedNetwork, Fitter, NetworkInputs
from edge_service.detection.layout import Candidates, Layout, Probe
from edge_service.detection.layouts import recognise
from edge_service.detection.letterbox import Array, Fit, place, to_blob
from edge_service.detection.region import WHOLE, part_of, share
from edge_service.detection.runtime import Network, NetworkError, Networks, Port, RuntimeName
from edge_service.video.frame import Frame

log = logging.getLogger(__name__)

_GREY = 114.0
_PERSON = "person"
_USUAL_SIZE = (640, 640)
_PICTURE_TYPES = ("float32", "float16")
_SIZES = "orig_target_sizes"
_WORDS = {
    "cpu": "processor (CPU)",
    "cuda": "graphics card (CUDA)",
    "openvino": "processor or graphics of Intel (OpenVINO)",
}
_MOST_NOTE_CHARACTERS = 100_000
# The first run of a network takes longer than the others.
_LEAST_MEASURED, _MEASURED = 11, 51


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a network runs on, why not on what was wanted, and the size in pixels in which it is given pictures.

    `frame_ms` is the median of what the last frames took, from the frame to its people; None until there are some.
    """

    runs_on: RuntimeName
    why_not: str | None
    width: int
    height: int
    frame_ms: float | None


class OnnxDetector:
    """Runs `own`, or what `fitter` makes of it for the pictures' size, on each frame's `region`.

    Boxes overlapping a better one by more than `nms` (0..1) are duplicates.
    """

    def __init__(
        self,
        own: FittedNetwork,
        fitter: Fitter | None,
        *,
        class_id: int,
        least_score: float,
        nms: float,
        region: Box = WHOLE,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._took_ms: deque[float] = deque(maxlen=_MEASURED)
        self._why_not = own.network.why_not
        self.hardware = self._describe(own)
        """As it is at present; any thread may read it."""
        self._region = region
        self._fitted = own
        self._fitter = fitter
        self._fitted_to: tuple[int, int] | None = None
        self._class_id = class_id
        self._least_score = least_score
        self._nms = nms

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The persons in `frame`, the best score first. Raises NetworkError when the network cannot be run."""
        begin_s = self._clock.monotonic_s()
        found = self._detect(frame)
        self._took_ms.append((self._clock.monotonic_s() - begin_s) * 1000)
        is_first = self.hardware.frame_ms is None
        self.hardware = self._describe(self._fitted)
        if is_first and self.hardware.frame_ms is not None:
            hardware = self.hardware
            log.info(
                "a frame takes %.1f ms in %dx%d pixels on the %s",
                hardware.frame_ms, hardware.width, hardware.height, _WORDS[hardware.runs_on],
            )  # fmt: skip
        return found

    def _describe(self, fitted: FittedNetwork) -> Hardware:
        is_known = len(self._took_ms) >= _LEAST_MEASURED
        return Hardware(
            fitted.network.runs_on,
            self._why_not,
            fitted.inputs.width,
            fitted.inputs.height,
            median(self._took_ms) if is_known else None,
        )

    def _detect(self, frame: Frame) -> Sequence[Detection]:
        part = part_of(self._region, frame.width, frame.height)
        fitted = self._fit(part.width, part.height)
        inputs, layout = fitted.inputs, fitted.layout
        spot = place(part.width, part.height, inputs.width, inputs.height, layout.picture.fit)
        part = part.scaled_down(spot.width, spot.height)
        with fitted.network.turn():
            blob, placement = to_blob(part.cut_out(frame), inputs.width, inputs.height, layout.picture)
            outputs = fitted.run(blob)
        found = self._best(layout, layout.read(outputs, self._class_id, self._least_score))
        boxes = part.to_whole(placement.to_picture(found.boxes)).tolist()
        return [
            Detection(Box(*box), min(1.0, score))
            for box, score in zip(boxes, found.scores.tolist(), strict=True)
            if box[0] < box[2] and box[1] < box[3]
        ]

    def _fit(self, width: int, height: int) -> FittedNetwork:
        """The network for frames of that size; it is fitted anew when a camera changes it."""
        if self._fitter is not None and self._fitted_to != (width, height):
            self._fitted = self._fitter.fit(width, height)
            self._fitted_to = (width, height)
        return self._fitted

    def _best(self, layout: Layout, found: Candidates) -> Candidates:
        """Without duplicates, the best score first."""
        if layout.has_duplicates:
            order = without_duplicates(found, self._nms)
        else:
            order = np.argsort(-found.scores, kind="stable")
        return Candidates(found.boxes[order], found.scores[order])


def without_duplicates(found: Candidates, nms: float) -> Array:
    """The indices of those that overlap no better one by more than `nms`, the best score first."""
    sizes = found.boxes[:, 2:] - found.boxes[:, :2]
    left_top_size = np.concatenate([found.boxes[:, :2], sizes], axis=1)
    return np.array(cv2.dnn.NMSBoxes(left_top_size.tolist(), found.scores.tolist(), 0.0, nms), np.intp)


def open_onnx_detector(
    model: Path,
    config: DetectorConfig,
    open_network: Callable[[Path, RuntimeName], Network] | None = None,
    region: Box = WHOLE,
    clock: Clock | None = None,
) -> OnnxDetector:
    """The detector for the file `model`, run once on a grey picture to see what it is.

    It looks at `region` of each picture, in as many pixels as it would at the whole one, where the network takes
    pictures of other shapes, and says so.
    `open_network` loads the file where it is not for this detector alone. Raises UsageError in one line when the file
    is missing or damaged, when it cannot be run, or when its inputs or outputs are of no known family.
    """
    try:
        network = (open_network or Networks().open)(model, config.runtime or "auto")
        inputs = _understand(network, config.input_size)
        grey = np.full((1, 3, inputs.height, inputs.width), _GREY, np.float32)
        layout = recognise(Probe(inputs.width, inputs.height, network.run(inputs.fill(grey), is_probe=True)))
        class_id = _class_id(layout, network.notes, config.class_id)
    except (ValueError, NetworkError) as error:
        raise UsageError(f"{model}: {error}") from error
    log.info("detector %s: %s, %dx%d pixels, class %d", model, layout.name, inputs.width, inputs.height, class_id)
    if network.why_not:
        log.warning("detector %s: runs on the %s, %s", model, _WORDS[network.runs_on], network.why_not)
    else:
        log.info("detector %s: runs on the %s", model, _WORDS[network.runs_on])
    own = FittedNetwork(network, inputs, layout)
    fitter = None if config.input_size else Fitter(model, own)
    if fitter is None or layout.picture.fit is Fit.STRETCHED:
        region = WHOLE
    if region != WHOLE:
        log.info(
            "detector %s: looks at %.0f %% of the picture, from %.2f, %.2f to %.2f, %.2f, because all zones lie there:"
            " larger, in as many pixels as the whole would be; people elsewhere are not seen",
            model, 100 * share(region), region.left, region.top, region.right, region.bottom,
        )  # fmt: skip
    least_score = min(LOW_SCORE, config.score)
    return OnnxDetector(
        own, fitter, class_id=class_id, least_score=least_score, nms=config.nms, region=region, clock=clock
    )


def _understand(network: Network, size: tuple[int, int] | None) -> NetworkInputs:
    """The inputs of `network`; `size`, width and height in pixels, is for where it leaves them open.

    Without `size` an open one is what the exporter noted, else 640 x 640. Raises ValueError that says what is found
    and what is known.
    """
    pictures = [port for port in network.inputs if _takes_picture(port)]
    others = [port for port in network.inputs if port not in pictures]
    if len(pictures) != 1 or any((port.name, port.dtype) != (_SIZES, "int64") for port in others):
        found = ", ".join(port.describe() for port in network.inputs) or "none"
        raise ValueError(
            f"its inputs are {found}; known are one picture, float32 or float16 [1, 3, height, width], "
            f"and beside it {_SIZES} int64 [1, 2]"
        )
    height, width = pictures[0].shape[2:]
    if size and ((width or size[0]), (height or size[1])) != size:
        raise ValueError(
            f"its input is {width or 'any'} x {height or 'any'} pixels, not {size[0]} x {size[1]}; "
            "remove detector.input_size"
        )
    open_width, open_height = size or _noted_size(network.notes) or _USUAL_SIZE
    width, height = width or open_width, height or open_height
    if not LEAST_INPUT_PX <= min(width, height) <= max(width, height) <= LARGEST_INPUT_PX:
        raise ValueError(
            f"its input is {width} x {height} pixels; export it for {LEAST_INPUT_PX} to {LARGEST_INPUT_PX} a side"
        )
    return NetworkInputs(pictures[0], width, height, wants_size=bool(others))


def _takes_picture(port: Port) -> bool:
    return (
        port.dtype in _PICTURE_TYPES
        and len(port.shape) == 4
        and port.shape[0] in (1, None)
        and port.shape[1] in (3, None)
    )


def _noted_size(notes: Mapping[str, str]) -> tuple[int, int] | None:
    """Width and height as Ultralytics' exporter notes them: `imgsz`, height first."""
    numbered = re.fullmatch(r"\[(\d{1,6}), (\d{1,6})\]", notes.get("imgsz", ""))
    return (int(numbered[2]), int(numbered[1])) if numbered else None


def _class_id(layout: Layout, notes: Mapping[str, str], wanted: int | None) -> int:
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


def _names(notes: Mapping[str, str]) -> dict[int, str]:
    """The classes as Ultralytics' exporter notes them: `{0: 'person', 1: 'bicycle'}`; empty without such a note."""
    try:
        names = ast.literal_eval(notes.get("names", "")[:_MOST_NOTE_CHARACTERS])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    if not isinstance(names, dict):
        return {}
    return {number: str(name).lower() for number, name in names.items() if isinstance(number, int)}
