"""Small ONNX files that say what they are told: outputs of each family of networks with known boxes in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_service.detection.letterbox import Array

CLASSES = 3
_TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "int64": TensorProto.INT64}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the network is to say: a box (left, top, right, bottom in pixels of the input), its score, its class."""

    box: tuple[float, float, float, float]
    score: float
    class_id: int = 0


def _centred(seen: Seen) -> list[float]:
    left, top, right, bottom = seen.box
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _cells(width: int, height: int) -> list[tuple[int, int, int]]:
    return [
        (column, row, stride)
        for stride in (8, 16, 32)
        for row in range(height // stride)
        for column in range(width // stride)
    ]


def yolox_raw(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    cells = _cells(width, height)
    rows = np.zeros((len(cells), 5 + CLASSES), np.float32)
    rows[:, 0:2] = 0.5
    for index, seen in enumerate(everything):
        # Each in a cell of its own: the nearest ones of each stride in turn.
        x, y, w, h = _centred(seen)
        stride = (8, 16, 32)[index % 3]
        at = cells.index((int(x / stride), int(y / stride), stride))
        column, row, _ = cells[at]
        rows[at, :4] = [x / stride - column, y / stride - row, np.log(w / stride), np.log(h / stride)]
        rows[at, 4] = rows[at, 5 + seen.class_id] = np.sqrt(seen.score)
    return {"output": rows[None]}


def yolox_decoded(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    cells = np.array(_cells(width, height), np.float32)
    rows = np.zeros((len(cells), 5 + CLASSES), np.float32)
    rows[:, :2] = (cells[:, :2] + 0.5) * cells[:, 2:]
    rows[:, 2:4] = cells[:, 2:]
    for at, seen in enumerate(everything):
        rows[at, :4] = _centred(seen)
        rows[at, 4] = rows[at, 5 + seen.class_id] = np.sqrt(seen.score)
    return {"output": rows[None]}


def yolov8(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    columns = np.zeros((4 + CLASSES, len(_cells(width, height))), np.float32)
    for at, seen in enumerate(everything):
        columns[:4, at] = _centred(seen)
        columns[4 + seen.class_id, at] = seen.score
    return {"output0": columns[None]}


def end_to_end(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    rows = np.zeros((30, 6), np.float32)
    for at, seen in enumerate(everything):
        rows[at] = [*seen.box, seen.score, seen.class_id]
    return {"output0": rows[None]}


def rtdetr(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    boxes, scores, labels = np.zeros((1, 30, 4), np.float32), np.zeros((1, 30), np.float32), np.ones((1, 30), np.int64)
    for at, seen in enumerate(everything):
        boxes[0, at], scores[0, at], labels[0, at] = seen.box, seen.score, seen.class_id
    return {"labels": labels, "boxes": boxes, "scores": scores}


def rtdetr_in_shares(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    outputs = rtdetr(everything, width, height)
    return outputs | {"boxes": outputs["boxes"] / np.array([width, height] * 2, np.float32)}


def rfdetr(everything: Sequence[Seen], width: int, height: int) -> dict[str, Array]:
    dets, labels = np.zeros((1, 30, 4), np.float32), np.full((1, 30, CLASSES), -90.0, np.float32)
    for at, seen in enumerate(everything):
        dets[0, at] = np.array(_centred(seen)) / [width, height, width, height]
        labels[0, at, seen.class_id] = np.log(seen.score / (1 - seen.score))
    return {"dets": dets, "labels": labels}


def save_bright_spots(
    path: Path, *, size: tuple[int | str, int | str], is_bound: bool = False, is_dark: bool = False
) -> Path:
    """Write a network of convolutions alone: a YOLOX, raw grid, that sees a person in each white cell (or dark one).

    `size` is width and height of its picture. `is_bound`: it adds a constant for each cell, as networks do that decode.
    """
    # Cells have a person where their mean of 0..255 is near 255: nothing of grey is left.
    weight, bias = np.zeros((5 + CLASSES, 3, 1, 1), np.float32), np.array([0.5, 0.5, 0, 0, -6, 1, 0, 0], np.float32)
    weight[4] = 7 / 255 / 3
    if is_dark:
        weight[4], bias[4] = -weight[4], 1
    constants, nodes, grids = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")], [], []
    for stride in (8, 16, 32):
        # As exporters write it: one number of cells in each.
        cells = -1 if isinstance(size[0], str) else (int(size[0]) // stride) * (int(size[1]) // stride)
        constants.append(numpy_helper.from_array(np.array([1, 5 + CLASSES, cells], np.int64), f"shape{stride}"))
        side = [stride, stride]
        nodes += [
            helper.make_node("AveragePool", ["images"], [f"mean{stride}"], kernel_shape=side, strides=side),
            helper.make_node("Conv", [f"mean{stride}", "w", "b"], [f"cells{stride}"]),
            helper.make_node("Reshape", [f"cells{stride}", f"shape{stride}"], [f"rows{stride}"]),
        ]
        grids.append(f"rows{stride}")
    nodes += [helper.make_node("Concat", grids, ["columns"], axis=2)]
    nodes += [helper.make_node("Transpose", ["columns"], ["rows"], perm=[0, 2, 1])]
    cells = len(_cells(int(size[0]), int(size[1]))) if is_bound else 1
    constants.append(numpy_helper.from_array(np.zeros((1, cells, 1), np.float32), "grid"))
    nodes += [helper.make_node("Add", ["rows", "grid"], ["output"])]
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size[1], size[0]])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, None, 5 + CLASSES])
    graph = helper.make_graph(nodes, "bright", [picture], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(onnx.shape_inference.infer_shapes(model).SerializeToString())
    return path


def save(
    path: Path,
    outputs: Mapping[str, Array],
    *,
    size: tuple[int | str, int | str],
    dtype: str = "float32",
    picture: Sequence[int | str] = (1, 3),
    takes_size: bool = False,
    notes: Mapping[str, str] | None = None,
) -> Path:
    """Write a network to `path` that answers any picture of `size` (width, height) with `outputs`."""
    nodes, constants = [], [numpy_helper.from_array(np.zeros((), dtype), "nothing")]
    # The outputs depend on the picture, times zero: a runtime may not leave the input out.
    nodes += [helper.make_node("ReduceMax", ["images"], ["brightest"], keepdims=0)]
    nodes += [helper.make_node("Mul", ["brightest", "nothing"], ["zero"])]
    declared = []
    for name, output in outputs.items():
        value = output.astype(dtype) if output.dtype == np.float32 else output
        constants.append(numpy_helper.from_array(value, f"{name} constant"))
        if value.dtype == np.int64:
            nodes.append(helper.make_node("Identity", [f"{name} constant"], [name]))
        else:
            nodes.append(helper.make_node("Add", [f"{name} constant", "zero"], [name]))
        declared.append(helper.make_tensor_value_info(name, _TYPES[str(value.dtype)], value.shape))
    inputs = [helper.make_tensor_value_info("images", _TYPES[dtype], [*picture, size[1], size[0]])]
    if takes_size:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [1, 2]))
    graph = helper.make_graph(nodes, "told", inputs, declared, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(notes or {}))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
