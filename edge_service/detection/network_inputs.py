"""What a detection network wants to be given: a picture of which size and type, and perhaps that size once more."""

import re
from dataclasses import dataclass

import numpy as np

from edge_service.detection.network import Array
from edge_service.detection.onnx_file import OnnxFile, Port

_USUAL_SIZE = (640, 640)
_PICTURE_TYPES = ("float32", "float16")
_SIZES = "orig_target_sizes"


@dataclass(frozen=True, slots=True)
class NetworkInputs:
    """The input for the picture, its size in pixels, and whether the size is an input of its own."""

    picture: Port
    width: int
    height: int
    wants_size: bool

    def fill(self, blob: Array) -> dict[str, Array]:
        """All inputs by name for the picture `blob` (1 x 3 x height x width)."""
        inputs = {self.picture.name: blob.astype(self.picture.dtype, copy=False)}
        if self.wants_size:
            inputs[_SIZES] = np.array([[self.width, self.height]], np.int64)
        return inputs


def understand_inputs(file: OnnxFile, size: tuple[int, int] | None) -> NetworkInputs:
    """The inputs of `file`; `size`, width and height in pixels, is for where it leaves them open.

    Without `size` an open one is what the exporter noted, else 640 x 640. Raises ValueError that says what is found
    and what is known.
    """
    pictures = [port for port in file.inputs if _takes_picture(port)]
    others = [port for port in file.inputs if port not in pictures]
    if len(pictures) != 1 or any((port.name, port.dtype) != (_SIZES, "int64") for port in others):
        found = ", ".join(port.describe() for port in file.inputs) or "none"
        raise ValueError(
            f"its inputs are {found}; known are one picture, float32 or float16 [1, 3, height, width], "
            f"and beside it {_SIZES} int64 [1, 2]"
        )
    height, width = pictures[0].shape[2:]
    open_width, open_height = size or _noted_size(file.notes) or _USUAL_SIZE
    if size and ((width or size[0]), (height or size[1])) != size:
        raise ValueError(
            f"its input is {width or 'any'} x {height or 'any'} pixels, not {size[0]} x {size[1]}; "
            "remove detector.input_size"
        )
    return NetworkInputs(pictures[0], width or open_width, height or open_height, wants_size=bool(others))


def _takes_picture(port: Port) -> bool:
    return (
        port.dtype in _PICTURE_TYPES
        and len(port.shape) == 4
        and port.shape[0] in (1, None)
        and port.shape[1] in (3, None)
    )


def _noted_size(notes: dict[str, str]) -> tuple[int, int] | None:
    """Width and height as Ultralytics' exporter notes them: `imgsz`, height first."""
    numbered = re.fullmatch(r"\[(\d+), (\d+)\]", notes.get("imgsz", ""))
    return (int(numbered[2]), int(numbered[1])) if numbered else None
