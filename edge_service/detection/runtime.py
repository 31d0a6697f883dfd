"""A neural network out of an ONNX file: run by ONNX Runtime; on what, what it takes, and its notes."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from backend_api.base.process import FatalError, UsageError
from edge_service.detection.letterbox import Array
from edge_service.detection.turns import Turns

_CURE = "name an ONNX file with --model or detector.model"
RuntimeName = Literal["auto", "cpu", "openvino", "cuda"]
"""What a network runs on: auto is the first of cuda and openvino that works here, else the processor."""

# ONNX Runtime's name of what is not the processor, and the package that has it, in order of speed.
_ACCELERATORS: dict[RuntimeName, tuple[str, str]] = {
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}
_CPU = "CPUExecutionProvider"
_FATAL_ONLY = 4
_DTYPES = {f"tensor({name})": name for name in ("float16", "uint8", "int32", "int64")} | {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
}
# PyTorch's files are ZIP archives, older ones pickles.
_PYTORCH_MAGIC = (b"PK\x03\x04", b"\x80\x02")
_PYTORCH_SUFFIXES = (".pt", ".pth", ".torchscript")


class NetworkError(FatalError):
    """ONNX Runtime cannot load or run a network; in one line, with the runtime's name and its reason."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input: `dtype` is numpy's name of the type, `shape` has None where a size is left open."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def describe(self) -> str:
        """In words, such as `images float32 [1, 3, ?, ?]`."""
        return f"{self.name} {self.dtype} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"


class Network:
    """A loaded network; `notes` are the file's own key and value pairs, such as the names of its classes.

    `runs_on` is what it really runs on, `why_not` says why that is not what was wanted, with the cure.
    """

    inputs: tuple[Port, ...]
    notes: dict[str, str]
    runs_on: RuntimeName = "cpu"
    why_not: str | None = None
    session: Any
    """ONNX Runtime's."""

    def __init__(
        self, path: Path, content: bytes | None = None, wanted: RuntimeName = "cpu", turns: Turns | None = None
    ) -> None:
        """Load the ONNX file at `path`, or `content` in its place, to run on `wanted` where that works.

        With `turns` any thread may run it, at its turn and on one core; without, one thread alone, on all cores.
        Raises UsageError when it is missing, damaged or no ONNX file, and NetworkError when ONNX Runtime cannot run it.
        """
        _check_is_onnx(path)
        self._path, self._turns = path, turns
        self._opening = Lock()
        self._opened: Network | None = None
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.log_severity_level = _FATAL_ONLY
        # Between two frames its threads would spin, which costs more than the frames do.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if turns is not None:
            options.intra_op_num_threads = 1
        with _errors(path):
            self.session = self._open(runtime, content or str(path), options, wanted)
            self._outputs = [output.name for output in self.session.get_outputs()]
            self.inputs = tuple(_port(port) for port in self.session.get_inputs())
            self.notes = dict(self.session.get_modelmeta().custom_metadata_map)

    def _open(self, runtime: Any, source: object, options: Any, wanted: RuntimeName) -> Any:  # noqa: ANN401
        """A session on what is `wanted`, or on the processor where that does not work here."""
        for name, (provider, package) in _ACCELERATORS.items():
            if wanted not in ("auto", name):
                continue
            if provider not in runtime.get_available_providers():
                self._miss(wanted, name, f"this ONNX Runtime has it not; install {package} in place of onnxruntime")
                continue
            try:
                session = runtime.InferenceSession(source, options, providers=[provider, _CPU])
            except _error_types() as error:
                self._miss("cpu", name, " ".join(str(error).split()))
                continue
            # Where its libraries are missing, ONNX Runtime takes the processor and says nothing.
            if session.get_providers()[0] == provider:
                self.runs_on = name
                return session
            self._miss("cpu", name, "ONNX Runtime cannot load its libraries; is the driver installed?")
        return runtime.InferenceSession(source, options, providers=[_CPU])

    def _miss(self, wanted: RuntimeName, name: str, reason: str) -> None:
        """Nobody misses under auto what was never installed."""
        if wanted != "auto":
            self.why_not = f"not on {name}: {reason}"

    def turn(self) -> AbstractContextManager[None]:
        """A block that is left to wait for its turn before it makes what the network is given, 3 MB a picture."""
        return self._turns.taken() if self._turns else nullcontext()

    def run(self, inputs: Mapping[str, Array], *, is_probe: bool = False) -> Mapping[str, Array]:
        """The outputs by name for `inputs` by name, at its turn. Raises NetworkError when it cannot be run on them.

        What a probe needed in memory is given back after it: it may have been larger than what comes.
        """
        options = [_shrinking()] if is_probe and self.runs_on == "cpu" else []
        with _errors(), self.turn():
            outputs = self.session.run(self._outputs, dict(inputs), *options)
        return dict(zip(self._outputs, outputs, strict=True))

    def opened(self, content: Callable[[], bytes]) -> "Network":
        """The same network out of `content`, its file with the picture's size left open: one for all who ask.

        Raises as the construction, and what `content` raises.
        """
        with self._opening:
            if self._opened is None:
                self._opened = type(self)(self._path, content(), self.runs_on, self._turns)
            return self._opened

    def run_as(self, opened: "Network") -> None:
        """From now on run by `opened`, which is seen to work and takes this size, too: one session is enough."""
        if opened.runs_on == self.runs_on:
            self.session = opened.session


class Networks:
    """The networks of one process: each file is loaded once, whoever asks, and all of them share the `turns`."""

    def __init__(self, turns: Turns | None = None) -> None:
        """Without `turns` for one camera alone."""
        self._turns = turns
        self._loading = Lock()
        self._loaded: dict[tuple[Path, RuntimeName], Network] = {}

    def open(self, path: Path, wanted: RuntimeName) -> Network:
        """The network in the file `path`. Raises UsageError, NetworkError."""
        with self._loading:
            key = path.resolve(), wanted
            if key not in self._loaded:
                self._loaded[key] = Network(path, wanted=wanted, turns=self._turns)
            return self._loaded[key]


@cache
def _runtime() -> Any:  # noqa: ANN401 - it comes without types
    """ONNX Runtime, loaded where a network is used and not before: it takes a quarter of a second and 30 MB.

    Its telemetry is on by default (name look-ups, a device id on the disk) and is decided by the import.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    runtime = import_module("onnxruntime")
    runtime.disable_telemetry_events()
    return runtime


def _shrinking() -> Any:  # noqa: ANN401 - it comes without types
    """Options by which a run gives back the memory that it needed."""
    options = _runtime().RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


@cache
def _error_types() -> tuple[type[Exception], ...]:
    """All of ONNX Runtime's own are plain exceptions; for inputs that are missing it raises a ValueError."""
    state = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    own = (value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception))
    return (ValueError, RuntimeError, *own)


@contextmanager
def _errors(path: Path | None = None) -> Iterator[None]:
    """ONNX Runtime's errors as one line each; `path` is the file that is being loaded."""
    try:
        yield
    except _error_types() as error:
        reason = " ".join(str(error).split())
        if path and (type(error).__name__ == "InvalidProtobuf" or "No graph was found" in reason):
            raise UsageError(f"{path}: is damaged or no ONNX file; export or download it again") from error
        raise NetworkError(f"ONNX Runtime {_runtime().__version__}: {reason}") from error


def _check_is_onnx(path: Path) -> None:
    """Raises UsageError for a file that cannot be read, and for what people take for an ONNX file."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; {_CURE}") from error
    if path.suffix.lower() in _PYTORCH_SUFFIXES or begin.startswith(_PYTORCH_MAGIC):
        raise UsageError(
            f"{path}: is a PyTorch file; export it to ONNX, with Ultralytics for instance by"
            f" `yolo export model={path.name} format=onnx`, and {_CURE}"
        )


def _port(port: Any) -> Port:  # noqa: ANN401
    sizes = (size if isinstance(size, int) and size > 0 else None for size in port.shape)
    return Port(port.name, _DTYPES.get(port.type, "of another type"), tuple(sizes))
