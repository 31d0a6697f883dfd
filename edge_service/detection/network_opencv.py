"""Networks run by OpenCV, which is always there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import cv2

from edge_service.detection.network import Array, NetworkError


class OpenCvNetwork:
    """The ONNX file at `path` in `cv2.dnn`, on the processor."""

    def __init__(self, path: Path) -> None:
        """Raises NetworkError when OpenCV cannot load it."""
        with _errors():
            # The older engine, which ENGINE_AUTO falls back to, crashes on open sizes with several outputs.
            self._net = cv2.dnn.readNetFromONNX(str(path), cv2.dnn.ENGINE_NEW)
            self._outputs = list(self._net.getUnconnectedOutLayersNames())

    def run(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """The outputs by name. Raises NetworkError."""
        with _errors():
            for name, blob in inputs.items():
                self._net.setInput(blob, name)
            outputs = self._net.forward(self._outputs)
        return dict(zip(self._outputs, outputs, strict=True))


@contextmanager
def _errors() -> Iterator[None]:
    """OpenCV's errors as one line each; what it would print itself is silenced."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    except cv2.error as error:
        raise NetworkError(f"OpenCV {cv2.__version__}: {' '.join(str(error).split())}") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
