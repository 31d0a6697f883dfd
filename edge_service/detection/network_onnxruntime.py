"""Networks run by ONNX Runtime, which is used where it is installed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from edge_service.detection.network import Array, NetworkError

# Not among the requirements, and it comes without types.
_runtime = import_module("onnxruntime")
_state = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
# All of its own are plain exceptions; for inputs that are missing it raises a ValueError.
_ERRORS: tuple[type[Exception], ...] = (
    ValueError,
    *(value for value in vars(_state).values() if isinstance(value, type) and issubclass(value, Exception)),
)
_FATAL_ONLY = 4


class OnnxRuntimeNetwork:
    """The ONNX file at `path` in ONNX Runtime, on the processor."""

    def __init__(self, path: Path) -> None:
        """Raises NetworkError when ONNX Runtime cannot load it."""
        options = _runtime.SessionOptions()
        options.log_severity_level = _FATAL_ONLY
        # Between two frames its threads would spin, which costs more than the frames do.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with _errors():
            self._session = _runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """The outputs by name. Raises NetworkError."""
        with _errors():
            outputs = self._session.run(self._outputs, dict(inputs))
        return dict(zip(self._outputs, outputs, strict=True))


@contextmanager
def _errors() -> Iterator[None]:
    """ONNX Runtime's errors as one line each."""
    try:
        yield
    except _ERRORS as error:
        raise NetworkError(f"ONNX Runtime {_runtime.__version__}: {' '.join(str(error).split())}") from error
