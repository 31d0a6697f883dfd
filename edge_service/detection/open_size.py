"""Opening the fixed size of a network's picture, in a copy of the file in memory, so that it takes others, too.

A network of convolutions alone computes the same for a picture of any size; only its file names one. An exporter writes
it into the input, and into the constants by which the grids of cells are laid out as rows.
"""

from importlib import import_module
from typing import Any

from edge_service.detection.letterbox import Array

STRIDES = (8, 16, 32)
"""The pixels of the grids of cells that the YOLO families look at."""


def with_open_size(content: bytes, picture: str, width: int, height: int) -> bytes:
    """The ONNX file `content` whose input `picture`, of `width` x `height` pixels, leaves both open.

    Whether what comes of it works is for a run to tell. Raises ValueError when it is no ONNX file that stands alone.
    """
    onnx = import_module("onnx")  # 20 MB that nobody needs whose files are open
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except Exception as error:  # protobuf's engines raise errors of their own
        raise ValueError("it is no ONNX file that stands alone") from error
    graph = model.graph
    for port in graph.input:
        if port.name == picture:
            dims = port.type.tensor_type.shape.dim
            dims[2].dim_param, dims[3].dim_param = "height", "width"
    cells = {(width // stride) * (height // stride) for stride in STRIDES}
    _open_reshapes(onnx, graph, cells | {sum(cells)})
    # What was concluded from the one size is concluded anew.
    del graph.value_info[:]
    for port in graph.output:
        port.type.tensor_type.ClearField("shape")
    opened: bytes = model.SerializeToString()
    return opened


def _open_reshapes(onnx: Any, graph: Any, cells: set[int]) -> None:  # noqa: ANN401 - it comes without types
    """Let each Reshape to a number of `cells` find out that number by itself."""
    wanted = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for tensor in graph.initializer:
        if tensor.name in wanted:
            tensor.CopyFrom(_opened(onnx, tensor, cells))
    for node in graph.node:
        if node.op_type == "Constant" and node.output[0] in wanted:
            for attribute in node.attribute:
                if attribute.name == "value":
                    attribute.t.CopyFrom(_opened(onnx, attribute.t, cells))


def _opened(onnx: Any, tensor: Any, cells: set[int]) -> Any:  # noqa: ANN401
    """The shape in `tensor` with -1, "what is left", in the place of the only number of cells in it."""
    shape: Array = onnx.numpy_helper.to_array(tensor)
    found = [index for index, size in enumerate(shape.ravel().tolist()) if size in cells]
    if shape.ndim != 1 or len(found) != 1 or (shape == -1).any():
        return tensor
    opened = shape.copy()
    opened[found[0]] = -1
    return onnx.numpy_helper.from_array(opened, tensor.name)
