"""What an ONNX file says of its network: the inputs, the outputs, and the notes of whoever exported it.

Reads the few fields that it needs of the protocol buffers that the format is made of (onnx.proto, field numbers below),
so that they are known before any runtime has loaded the file, and are the same for all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend_api.base.process import UsageError

_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_NAME = 8
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR, _TENSOR_ELEMENT, _TENSOR_SHAPE = 1, 1, 2
_SHAPE_DIMENSION, _DIMENSION_SIZE = 1, 1
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_VARINT_BITS = 64
_ELEMENTS = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 10: "float16", 11: "float64"}


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output: `dtype` is numpy's name of the type, `shape` has None where a size is left open."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def describe(self) -> str:
        """In words, such as `images float32 [1, 3, ?, ?]`."""
        return f"{self.name} {self.dtype} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """The network's face; `notes` are the file's own key and value pairs, such as the names of its classes."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    notes: dict[str, str]


def read_onnx_file(path: Path) -> OnnxFile:
    """Read the file at `path`. Raises UsageError when it is missing, damaged, or no ONNX file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name an ONNX file with --model or detector.model") from error
    try:
        return _model(memoryview(data))
    except (ValueError, IndexError, TypeError) as error:
        raise UsageError(f"{path}: is damaged or no ONNX file ({error}); export or download it again") from error


def _model(data: memoryview) -> OnnxFile:
    graph = _last(data, _MODEL_GRAPH)
    if graph is None:
        raise ValueError("there is no graph in it")
    constants = {_text(part, _TENSOR_NAME) for part in _parts(graph, _GRAPH_INITIALIZER)}
    inputs = [_port(part) for part in _parts(graph, _GRAPH_INPUT)]
    return OnnxFile(
        # Old files list their weights among the inputs.
        inputs=tuple(port for port in inputs if port.name not in constants),
        outputs=tuple(_port(part) for part in _parts(graph, _GRAPH_OUTPUT)),
        notes={_text(part, _ENTRY_KEY): _text(part, _ENTRY_VALUE) for part in _parts(data, _MODEL_METADATA)},
    )


def _port(data: memoryview) -> Port:
    kind = _last(data, _VALUE_TYPE)
    tensor = None if kind is None else _last(kind, _TYPE_TENSOR)
    shape = None if tensor is None else _last(tensor, _TENSOR_SHAPE)
    element = None if tensor is None else next(iter(_numbers(tensor, _TENSOR_ELEMENT)), None)
    sizes = () if shape is None else tuple(_size(part) for part in _parts(shape, _SHAPE_DIMENSION))
    return Port(_text(data, _VALUE_NAME), _ELEMENTS.get(element or 0, "of another type"), sizes)


def _size(dimension: memoryview) -> int | None:
    size = next(iter(_numbers(dimension, _DIMENSION_SIZE)), 0)
    return size if 0 < size < 2**31 else None


def _text(data: memoryview, number: int) -> str:
    part = _last(data, number)
    return "" if part is None else str(part, "utf-8")


def _last(data: memoryview, number: int) -> memoryview | None:
    parts = _parts(data, number)
    return parts[-1] if parts else None


def _parts(data: memoryview, number: int) -> list[memoryview]:
    return [value for field, value in _fields(data) if field == number and isinstance(value, memoryview)]


def _numbers(data: memoryview, number: int) -> list[int]:
    return [value for field, value in _fields(data) if field == number and isinstance(value, int)]


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Every field of one message, as its number and its value. Raises ValueError or IndexError at a torn end."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if at + size > len(data):
            raise ValueError("it breaks off in the middle")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _MOST_VARINT_BITS, 7):
        if at >= len(data):
            raise ValueError("it breaks off in the middle")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number that is too long")
