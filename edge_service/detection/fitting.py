"""The size in which a network looks at pictures: as near to their shape as its cells allow, at the same cost.

In a square input 44 % of the work on a picture of 16:9 goes into grey padding.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_service.detection.detector_config import LARGEST_INPUT_PX, LEAST_INPUT_PX
from edge_service.detection.layout import Layout, Probe
from edge_service.detection.layouts import recognise
from edge_service.detection.letterbox import Array, Fit
from edge_service.detection.open_size import with_open_size
from edge_service.detection.runtime import Network, NetworkError, Port

log = logging.getLogger(__name__)

_GREY = 114.0
_STEP_PX = 32
# Sizes come in steps: 544 x 320 has 0.6 % more pixels than 416 x 416.
_MORE_PIXELS = 1.02
_SIZES = "orig_target_sizes"
# A larger file is not copied into memory to be changed.
_MOST_BYTES = 300_000_000


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


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """A network, the size in which it is given pictures, and how its outputs are read then."""

    network: Network
    inputs: NetworkInputs
    layout: Layout

    def run(self, blob: Array) -> Mapping[str, Array]:
        """The outputs for the picture `blob` (1 x 3 x height x width). Raises NetworkError."""
        return self.network.run(self.inputs.fill(blob))


class Fitter:
    """Fits the network of the file `model` to pictures of any size; `own` is the network as the file has it.

    Where the file leaves the size open, any is taken; where it fixes one, it is opened in memory. Only families whose
    outputs tell the number of their cells are given another size: there it is seen that the network followed.
    """

    def __init__(self, model: Path, own: FittedNetwork) -> None:
        self._model = model
        self._own = own

    def fit(self, width: int, height: int) -> FittedNetwork:
        """The network for pictures of `width` x `height` pixels; `own`, and said why, where it takes no other size."""
        own = self._own.inputs
        size = best_size(width, height, own.width * own.height)
        if size == (own.width, own.height) or self._own.layout.picture.fit is Fit.STRETCHED:
            return self._own
        try:
            fitted = self._fit(replace(own, width=size[0], height=size[1]))
        except (ValueError, OSError, NetworkError) as error:
            log.info(
                "detector %s: looks at pictures of %dx%d in its own %dx%d pixels: it takes no other size (%s)",
                self._model, width, height, own.width, own.height, error,
            )  # fmt: skip
            return self._own
        is_changed = fitted.network is not self._own.network
        log.info(
            "detector %s: looks at pictures of %dx%d in %dx%d pixels%s",
            self._model, width, height, *size,
            f"; its file has {own.width}x{own.height}, which was changed in memory" if is_changed else "",
        )  # fmt: skip
        return fitted

    def _fit(self, inputs: NetworkInputs) -> FittedNetwork:
        """Raises ValueError or NetworkError when the network does not follow."""
        network = self._network()
        grey = np.full((1, 3, inputs.height, inputs.width), _GREY, np.float32)
        probe = Probe(inputs.width, inputs.height, network.run(inputs.fill(grey), is_probe=True))
        layout = recognise(probe)
        if not probe.counts_cells or (layout.name, layout.classes) != (
            self._own.layout.name,
            self._own.layout.classes,
        ):
            raise ValueError("its outputs do not follow the size")
        self._own.network.run_as(network)
        return FittedNetwork(network, inputs, layout)

    def _network(self) -> Network:
        own = self._own
        if None in own.inputs.picture.shape[2:]:
            return own.network
        return own.network.opened(self._content)

    def _content(self) -> bytes:
        """The file with its size left open. Raises ValueError, OSError."""
        own = self._own.inputs
        if self._model.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES // 1_000_000} MB")
        return with_open_size(self._model.read_bytes(), own.picture.name, own.width, own.height)


def best_size(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Width and height, multiples of 32, in which a picture of `width` x `height` is largest at about `pixels` pixels.

    Of equally good ones the one with the fewest pixels.
    """

    def rank(size: tuple[int, int]) -> tuple[float, int]:
        return min(size[0] / width, size[1] / height), -size[0] * size[1]

    columns = range(LEAST_INPUT_PX, LARGEST_INPUT_PX + 1, _STEP_PX)
    sizes = [(x, y) for x in columns if (y := int(pixels * _MORE_PIXELS / x) // _STEP_PX * _STEP_PX) >= LEAST_INPUT_PX]
    # With fewer rows than there may be a picture that is limited by its width is as large.
    sizes += [(x, y) for x, most in sizes if LEAST_INPUT_PX <= (y := _rows(x, width, height)) < most]
    return max(((x, min(y, LARGEST_INPUT_PX)) for x, y in sizes), key=rank)


def _rows(columns: int, width: int, height: int) -> int:
    """How many rows, a multiple of 32, a picture of `width` x `height` fills that is `columns` wide."""
    return -(-round(columns * height / width) // _STEP_PX) * _STEP_PX
