"""The plug point for running a neural network, and which of its two runtimes is taken."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from backend_api.base.process import FatalError

Array = npt.NDArray[Any]


class NetworkError(FatalError):
    """A runtime cannot load or run a network; in one line, with the runtime's name and its reason."""


class Network(Protocol):
    """A loaded network."""

    def run(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """The outputs by name for `inputs` by name. Raises NetworkError when it cannot be run on them."""
        ...


def open_network(path: Path) -> Network:
    """Load the ONNX file at `path`: into ONNX Runtime where it is installed, else into OpenCV.

    ONNX Runtime takes about half the time and knows every operator. Raises NetworkError.
    """
    if find_spec("onnxruntime"):
        from edge_service.detection.network_onnxruntime import OnnxRuntimeNetwork

        return OnnxRuntimeNetwork(path)
    from edge_service.detection.network_opencv import OpenCvNetwork

    return OpenCvNetwork(path)
